"""XLSX files that a worker writes. A job carries only a wake-up: one that is lost or doubled is harmless."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import IO, Any

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts import files
from contacts.exporting.asking import contacts_shown, shown_contacts
from contacts.exporting.cells import Cell
from contacts.exporting.refusing import CannotExport, Overtaken
from contacts.exporting.resources import BATCH, ContactResource
from contacts.exporting.tables import Sheet
from contacts.models import Contact, ContactExport

Status = ContactExport.Status
KEEP = timedelta(days=1)
# Several batches' time: whoever writes says so at each of them.
SILENT_FOR = timedelta(seconds=20)
UNEXPECTED = "Something went wrong while the file was written; it has been noted. Try again, or take CSV."


def begin(query: str, file_name: str, expected_rows: int, by: Any) -> ContactExport:
    """The record of a file that a worker will write; `query` is the change list's query string."""
    return ContactExport.objects.create(
        question={"query": query}, file_name=file_name, expected_rows=expected_rows, requested_by=by
    )


def write(record: ContactExport) -> None:
    """Write the file from the beginning and keep it. Safe to run again, and twice at once: one of the two goes on."""
    waiting = ContactExport.objects.filter(pk=record.pk, status=Status.WAITING)
    if not waiting.update(rows=0, touched_at=timezone.now()):
        return
    try:
        resource, contacts = ContactResource(), _contacts(record)
        with Sheet("Contacts", resource.get_export_headers()) as sheet:
            written = _fill(sheet, resource.rows(contacts), waiting)
            _keep(sheet, waiting.filter(rows=written))
    except Overtaken:
        return
    except CannotExport as problem:
        waiting.update(status=Status.FAILED, problem=str(problem))
    except OperationalError:  # the database was away; `silent` will find the export
        raise
    except Exception:
        waiting.update(status=Status.FAILED, problem=UNEXPECTED)
        raise


def _contacts(record: ContactExport) -> QuerySet[Contact]:
    user = record.requested_by
    if user is None or not user.is_active or not user.has_perm("contacts.view_contact"):
        raise CannotExport("Whoever asked for this file may not see the contacts any more.")
    return shown_contacts(contacts_shown(record.question["query"], user))


def _fill(sheet: Sheet, rows: Iterator[list[Cell]], waiting: QuerySet[ContactExport]) -> int:
    """All rows; how many. The count is also how a second worker is noticed: it has counted differently."""
    written = 0
    while batch := list(islice(rows, BATCH)):
        for row in batch:
            sheet.append(row)
        if not waiting.filter(rows=written).update(rows=written + len(batch), touched_at=timezone.now()):
            raise Overtaken
        written += len(batch)
    return written


def _keep(sheet: Sheet, mine: QuerySet[ContactExport]) -> None:
    """Pack the file and store it. The row is locked meanwhile, so that `silent` does not take us for dead."""
    with transaction.atomic(), tempfile.TemporaryFile() as copy:
        if not mine.select_for_update().exists():
            raise Overtaken
        sheet.save(copy)
        copy.seek(0)
        stored = files.keep(_pieces(copy))
        mine.update(status=Status.READY, stored_file=stored, touched_at=timezone.now())


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(files.PART):
        yield piece


def silent() -> list[int]:
    """Exports whose worker died or whose job was lost; whoever gets them here is alone with them."""
    now = timezone.now()
    with transaction.atomic():
        waiting = ContactExport.objects.filter(status=Status.WAITING, touched_at__lt=now - SILENT_FOR)
        found = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
        ContactExport.objects.filter(pk__in=found).update(touched_at=now)
    return found


def purge() -> int:
    """Delete files a day after they were asked for, and give up what could not be written in that time; how many."""
    now = timezone.now()
    old = ContactExport.objects.filter(requested_at__lt=now - KEEP)
    old.filter(status=Status.WAITING).update(
        status=Status.FAILED, problem="Nobody wrote the file within a day: the worker was not running. Try again."
    )
    count = 0
    for record in old.filter(status=Status.READY).select_related("stored_file"):
        stored = record.stored_file
        ContactExport.objects.filter(pk=record.pk).update(status=Status.EXPIRED, stored_file=None)
        if stored is not None:
            stored.delete()
        count += 1
    return count
