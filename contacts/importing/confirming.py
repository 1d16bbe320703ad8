"""The one step that lets an import begin, and those that call it off."""

from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone

from contacts import columns as headers
from contacts.importing.previewing import is_phone
from contacts.importing.refusing import CannotImport
from contacts.models import Attribute, ContactImport, ContactList, RememberedHeader

Status = ContactImport.Status
SALT = "contacts.importing.confirm"
# A preview ages: contacts change under it. Seconds.
LONGEST_VALID = 24 * 60 * 60


def confirmation(record: ContactImport, user: Any) -> str:
    """What the page of a preview carries: this file, this preview, this person."""
    return signing.dumps([record.pk, record.version, record.file_sha256, user.pk], salt=SALT)


def check_confirmation(token: str, record: ContactImport, user: Any) -> int:
    """The version of the preview that this person looked at. Raises CannotImport, in words."""
    try:
        pk, version, sha256, user_pk = signing.loads(token, salt=SALT, max_age=LONGEST_VALID)
    except signing.SignatureExpired as problem:
        raise CannotImport("This preview is older than a day. Look at it again before you import.") from problem
    except (signing.BadSignature, ValueError, TypeError) as problem:
        raise CannotImport("This confirmation is damaged. Load the preview again.") from problem
    if pk != record.pk or sha256 != record.file_sha256:
        raise CannotImport("This confirmation belongs to another file. Load the preview again.")
    if user_pk != user.pk:
        raise CannotImport("Somebody else looked at this preview. Load it again under your own name.")
    return int(version)


def confirm(record: ContactImport, by: Any = None, version: int | None = None) -> None:
    """Let the import begin. Raises CannotImport where somebody was first, or the preview is another by now."""
    waiting = ContactImport.objects.filter(pk=record.pk, status=Status.PREVIEWED)
    if version is not None:
        waiting = waiting.filter(version=version)
    now = timezone.now()
    with transaction.atomic():
        changed = waiting.update(
            status=Status.IMPORTING, confirmed_by=by, confirmed_at=now, step_started_at=now, touched_at=now, done_rows=0
        )
        record.refresh_from_db()
        if not changed:
            raise CannotImport(_why_not(record))
        if not record.is_opt_outs:
            _make_attributes(record)
            _make_list(record)
        remember(record)


def _why_not(record: ContactImport) -> str:
    if record.status == Status.PREVIEWED:
        return "The preview has changed since you looked at it. Look at it again, then confirm."
    if record.confirmed_at and record.status != Status.CANCELED:
        who = f" by {record.confirmed_by}" if record.confirmed_by else ""
        return f"This import was confirmed already{who}: {record.get_status_display().lower()}."
    return f"This import is not waiting for a confirmation: {record.get_status_display().lower()}."


def _make_attributes(record: ContactImport) -> None:
    for column, target in record.reading["mapping"].items():
        name, kind = headers.split_target(target)
        if not is_phone(target) and target != headers.IGNORE and name not in headers.FIELDS:
            defaults = {"label": column[:100], "kind": kind or Attribute.Kind.TEXT}
            Attribute.objects.get_or_create(name=name, defaults=defaults)


def _make_list(record: ContactImport) -> None:
    if record.new_list:
        record.lists.add(ContactList.objects.get_or_create(name=record.new_list)[0])


def remember(record: ContactImport) -> None:
    """So that the next file with these columns is read alike without a question."""
    reading = record.reading
    if reading.get("header_row"):
        RememberedHeader.objects.update_or_create(
            key=headers.header_key(reading["columns"]),
            defaults={"mapping": {headers.normal(column): target for column, target in reading["mapping"].items()}},
        )


def cancel(record: ContactImport, by: Any = None) -> str:
    """Call an import off, and say what that means. Raises CannotImport where it is over already.

    Before the confirmation nothing has changed. In its middle it stops and what it did is put back; opt-outs that it
    noted stay, because a suppression is never lifted by a machine.
    """
    imports = ContactImport.objects.filter(pk=record.pk)
    now = timezone.now()
    if imports.filter(status__in=ContactImport.UNCONFIRMED).update(status=Status.CANCELED, touched_at=now):
        return "The import was given up. No contact was changed."
    under_way = imports.filter(status=Status.IMPORTING)
    if record.is_opt_outs and under_way.update(status=Status.CANCELED, finished_at=now, touched_at=now):
        return "Stopped. The opt-outs that were noted until now stay."
    undoing = {"status": Status.UNDOING, "undone_by": by, "finished_at": now, "step_started_at": now, "done_rows": 0}
    if not record.is_opt_outs and under_way.update(**undoing, touched_at=now):
        return "Stopped. What was imported until now is being put back."
    record.refresh_from_db()
    raise CannotImport(f"It is too late to give this import up: {record.get_status_display().lower()}.")
