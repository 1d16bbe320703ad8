"""A row corrected on the page, and judged again."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from contacts.cleaning import Cleaner
from contacts.importing import staging
from contacts.importing.refusing import CannotImport
from contacts.models import ContactImport, ImportRow

FIXABLE = (ImportRow.Fate.REJECTED, ImportRow.Fate.SKIPPED)


def fix(record: ContactImport, number: int, cells: Mapping[int, str]) -> ImportRow:
    """Put these texts into the cells (by index) of a row that is not taken, and judge it as the file's own.

    Raises CannotImport where the import is no preview any more, or the row is taken already.
    """
    with transaction.atomic():
        locked = ContactImport.objects.select_for_update().get(pk=record.pk)
        if locked.status != ContactImport.Status.PREVIEWED:
            raise CannotImport("This import is no preview any more, so its rows stay as they are.")
        row = locked.import_rows.filter(number=number, fate__in=FIXABLE).first()
        if row is None:
            raise CannotImport(f"Row {number:,} is taken already; there is nothing to correct.")
        reading = locked.reading
        cleaner = Cleaner(reading["columns"], reading["mapping"], locked.region, keep_blanks=locked.blanks_overwrite)
        mended = [_mended(cell, cells.get(index)) for index, cell in enumerate(row.cells)]
        before = row.fate
        row.delete()
        counts = staging.write(locked, staging.clean(cleaner, [(number, mended)], edited=True))
        counts[before] = counts.get(before, 0) - 1
        ContactImport.objects.filter(pk=locked.pk).update(
            version=F("version") + 1,
            touched_at=timezone.now(),
            **staging.added(counts),
            **staging.count_flags(locked),
        )
    record.refresh_from_db()
    return record.import_rows.get(number=number)


def _mended(cell: Any, text: str | None) -> Any:
    """The cell as it was unless the text is another: a number that a sheet stored stays a number."""
    return cell if text is None or text == str(cell) else text
