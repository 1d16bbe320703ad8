"""A spreadsheet into contacts: first a preview that explains every row, then, once, the change itself.

Promise 4: every row ends in exactly one of five fates, the counts add up, no number is guessed, and no import touches a
suppression.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import connection, transaction
from django.utils import timezone

from contacts import columns as headers
from contacts.cleaning import LONGEST, Clean, Cleaner, RowProblem, as_text
from contacts.models import Contact, ContactImport, ContactList, ImportRow, Membership, Suppression
from contacts.spreadsheets import Row, Sheet, open_sheet
from contacts.unreadable import UnreadableFile

Fate, Status = ImportRow.Fate, ContactImport.Status
BATCH = 2_000
# An arbitrary number of ours: the advisory lock that imports take in turn.
IMPORT_LOCK = 555_02
# Enough to show; a cell can hold a book.
LONGEST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """How the file is to be read where the reader should not decide: empty means that it decides."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)


class CannotImport(ValueError):
    """Nothing was changed; the text says why."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def receive(
    file: "File[bytes]", name: str, *, region: str, contact_list: ContactList | None, by: Any = None
) -> ContactImport:
    """Keep an uploaded file for `stage`."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    record = ContactImport(
        file_name=Path(name).name[:255],
        file_sha256=digest.hexdigest(),
        region=region,
        contact_list=contact_list,
        uploaded_by=by,
    )
    record.upload.save(f"{record.file_sha256[:16]}.bin", file, save=False)
    record.save()
    return record


def stage(record: ContactImport, path: Path, reading: Reading | None = None) -> None:
    """Read the file into rows with a fate each, and count them; the contacts stay as they are.

    A file that cannot be read leaves the import unreadable, with the reason. Safe to run again after a crash.
    """
    reading = reading or Reading()
    try:
        with transaction.atomic():
            record.import_rows.all().delete()
            sheet = open_sheet(path, encoding=reading.encoding, delimiter=reading.delimiter, sheet=reading.sheet)
            mapping = map_columns(sheet, reading.mapping, record.region)
            _stage_rows(record, sheet, mapping)
            record.reading = {
                "encoding": sheet.encoding,
                "delimiter": sheet.delimiter,
                "sheet": sheet.sheet,
                "sheets": sheet.sheets,
                "header_row": sheet.header_row,
                "columns": sheet.columns,
                "mapping": mapping,
                "notes": sheet.notes,
            }
            record.status, record.problem = Status.PREVIEWED, ""
            record.save()
    except UnreadableFile as problem:
        record.import_rows.all().delete()
        for fate in Fate.values:
            setattr(record, fate, 0)
        record.rows, record.status, record.problem = 0, Status.UNREADABLE, str(problem)
        record.save()


def map_columns(sheet: Sheet, wanted: Mapping[str, str], region: str) -> dict[str, str]:
    """The guess, with what was asked for in its place. Raises UnreadableFile for a column that is not there."""
    mapping = headers.guess_mapping(sheet.columns, [cells for _, cells in sheet.sample], region)
    for column, target in wanted.items():
        if column not in mapping:
            raise UnreadableFile(f"There is no column “{column}”. There are: {', '.join(sheet.columns)}.")
        if target == headers.PHONE:  # a choice, so what the guess took for a phone is none
            others = [name for name, field in mapping.items() if field == headers.PHONE and name not in wanted]
            mapping |= {name: headers.attribute_name(name) for name in others}
        mapping[column] = target
    if headers.PHONE not in mapping.values():
        raise UnreadableFile("No column holds phone numbers. Name one: for example “Phone” in the first row.")
    return mapping


def _stage_rows(record: ContactImport, sheet: Sheet, mapping: Mapping[str, str]) -> None:
    cleaner = Cleaner(sheet.columns, mapping, record.region)
    counts = dict.fromkeys(Fate.values, 0)
    seen: dict[str, int] = {}
    rows = sheet.rows()
    while batch := list(islice(rows, BATCH)):
        staged = [_staged(record, cleaner, row, seen) for row in batch]
        _judge(staged)
        ImportRow.objects.bulk_create(staged)
        for row in staged:
            counts[row.fate] += 1
    record.rows = sum(counts.values())
    for fate, count in counts.items():
        setattr(record, fate, count)


def _staged(record: ContactImport, cleaner: Cleaner, row: Row, seen: dict[str, int]) -> ImportRow:
    number, cells = row
    staged = ImportRow(
        contact_import=record,
        number=number,
        cells=[as_text(cell)[:LONGEST_SHOWN] for cell in cells],
        fate=Fate.CREATED,
    )
    try:
        clean = cleaner.clean(cells)
    except RowProblem as problem:
        staged.fate, staged.reason = Fate.REJECTED, problem.reason
        staged.column, staged.value = problem.column[:255], problem.value[:LONGEST_SHOWN]
        return staged
    _fill(staged, clean)
    first = seen.setdefault(staged.phone, number)
    if first != number:
        staged.fate = Fate.SKIPPED
        staged.reason = f"The same number stands in row {first} already; that row is taken."
        staged.value = staged.phone
    return staged


def _fill(staged: ImportRow, clean: Clean) -> None:
    staged.phone = clean.phone.e164
    staged.fields = {**clean.fields, "attributes": clean.attributes}
    staged.warnings = list(clean.warnings)
    if not clean.phone.can_receive_texts:
        staged.warnings.append(f"This is a {clean.phone.kind} number; it will probably receive no texts.")


def _judge(staged: Sequence[ImportRow]) -> None:
    """Compare with the contacts that exist: created, updated or unchanged; and flag those who opted out."""
    taken = [row for row in staged if row.fate == Fate.CREATED]
    phones = [row.phone for row in taken]
    known = {contact.phone: contact for contact in Contact.objects.filter(phone__in=phones)}
    suppressed = set(Suppression.objects.standing().filter(phone__in=phones).values_list("phone", flat=True))
    for row in taken:
        row.opted_out = row.phone in suppressed
        contact = known.get(row.phone)
        if contact is not None:
            row.fate = Fate.UPDATED if changes(contact, row.fields) else Fate.UNCHANGED


def changes(contact: Contact, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the row would change; a blank cell never overwrites."""
    changed: dict[str, Any] = {
        name: value for name, value in fields.items() if name in LONGEST and getattr(contact, name) != value
    }
    attributes = fields.get("attributes", {})
    if any(contact.attributes.get(name) != value for name, value in attributes.items()):
        changed["attributes"] = {**contact.attributes, **attributes}
    return changed


def confirm(record: ContactImport, by: Any = None) -> None:
    """Let the import begin. Raises CannotImport where somebody was first, or there is nothing to confirm."""
    waiting = ContactImport.objects.filter(pk=record.pk, status=Status.PREVIEWED)
    if not waiting.update(status=Status.IMPORTING, confirmed_by=by):
        record.refresh_from_db()
        raise CannotImport(f"This import is not waiting for a confirmation: {record.get_status_display().lower()}.")
    record.refresh_from_db()


def apply(record: ContactImport) -> None:
    """Make the change that was previewed, whole or not at all.

    Contacts may have changed since the preview, so every row is compared again; its fate is what really happened.
    """
    with transaction.atomic():
        _wait_for_other_imports()
        locked = ContactImport.objects.select_for_update().get(pk=record.pk)
        if locked.status != Status.IMPORTING:
            return
        counts = dict.fromkeys(Fate.values, 0)
        for batch in _batches(locked):
            _apply_batch(locked, batch)
            for row in batch:
                counts[row.fate] += 1
        for fate, count in counts.items():
            setattr(locked, fate, count)
        locked.status, locked.finished_at = Status.IMPORTED, timezone.now()
        locked.save()
    record.refresh_from_db()


def _wait_for_other_imports() -> None:
    """One import at a time, so that two overlapping files neither collide nor deadlock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])


def cancel(record: ContactImport) -> bool:
    """Give up an import that nobody has confirmed; False if it is too late."""
    open_import = ContactImport.objects.filter(pk=record.pk, status__in=[Status.UPLOADED, Status.PREVIEWED])
    return bool(open_import.update(status=Status.CANCELED))


def _batches(record: ContactImport) -> Iterator[list[ImportRow]]:
    rows = record.import_rows.order_by("number").iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _apply_batch(record: ContactImport, batch: Sequence[ImportRow]) -> None:
    taken = sorted((row for row in batch if row.fate not in (Fate.SKIPPED, Fate.REJECTED)), key=lambda row: row.phone)
    phones = [row.phone for row in taken]
    known = {one.phone: one for one in Contact.objects.select_for_update().filter(phone__in=phones).order_by("phone")}
    fresh = [Contact(phone=row.phone, **_values(row.fields)) for row in taken if row.phone not in known]
    Contact.objects.bulk_create(fresh)
    changed: list[Contact] = []
    now = timezone.now()
    for row in taken:
        contact = known.get(row.phone)
        if contact is None:
            row.fate = Fate.CREATED
            continue
        difference = changes(contact, row.fields)
        row.fate = Fate.UPDATED if difference else Fate.UNCHANGED
        if difference:
            for name, value in {**difference, "updated_at": now}.items():
                setattr(contact, name, value)
            changed.append(contact)
    Contact.objects.bulk_update(changed, [*LONGEST, "attributes", "updated_at"])
    ImportRow.objects.bulk_update(taken, ["fate"])
    if record.contact_list is not None:
        members = [*known.values(), *fresh]
        Membership.objects.bulk_create(
            [Membership(contact=contact, contact_list=record.contact_list) for contact in members],
            ignore_conflicts=True,
        )


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in fields.items() if name in LONGEST}
    return {**values, "attributes": fields.get("attributes", {})}
