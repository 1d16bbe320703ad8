"""The rows that an import did not take, to be corrected and brought back."""

import tempfile
from collections.abc import Iterator

from contacts import columns
from contacts.exporting.tables import Sheet
from contacts.files import PART
from contacts.models import ContactImport, ImportRow

BATCH = 2_000


def rejected_workbook(record: ContactImport) -> Iterator[bytes]:
    """An XLSX file in pieces, written when the first is asked for: row, why not, and the cells as the file has them."""
    header = [*columns.OUR_REJECTS, *record.reading.get("columns", [])]
    rejected = record.import_rows.filter(fate=ImportRow.Fate.REJECTED).order_by("number")
    rows = rejected.values_list("number", "reason", "cells").iterator(chunk_size=BATCH)
    with tempfile.TemporaryFile() as copy:
        with Sheet("Rejected rows", header) as sheet:
            for number, reason, cells in rows:
                sheet.append([number, reason, *cells])
            sheet.save(copy)
        copy.seek(0)
        while piece := copy.read(PART):
            yield piece
