"""Files and rows of people's data do not stay longer than they are of use."""

from datetime import timedelta

from django.utils import timezone

from contacts.importing.previewing import forget_rows
from contacts.importing.undoing import UNDO_WITHIN
from contacts.models import ContactImport

Status = ContactImport.Status
KEEP_UNCONFIRMED = timedelta(hours=24)
GIVEN_UP = (Status.UNREADABLE, Status.CANCELED, Status.EXPIRED)
CONFIRMED = (Status.IMPORTED, Status.UNDONE)


def purge() -> None:
    """Delete what is too old: unconfirmed after 24 hours, confirmed after 30 days.

    The import itself stays, with its counts: it is the history.
    """
    now = timezone.now()
    unconfirmed = ContactImport.objects.filter(
        status__in=ContactImport.UNCONFIRMED, uploaded_at__lt=now - KEEP_UNCONFIRMED
    )
    unconfirmed.update(status=Status.EXPIRED, touched_at=now)
    kept = ContactImport.objects.filter(purged_at__isnull=True)
    over = kept.filter(status__in=GIVEN_UP, uploaded_at__lt=now - KEEP_UNCONFIRMED) | kept.filter(
        status__in=CONFIRMED, finished_at__lt=now - UNDO_WITHIN
    )
    for record in list(over):
        forget(record)


def forget(record: ContactImport) -> None:
    """Delete the file and the rows of an import."""
    forget_rows(record)
    if record.stored_file is not None:
        record.stored_file.delete()
    ContactImport.objects.filter(pk=record.pk).update(purged_at=timezone.now(), stored_file=None)
