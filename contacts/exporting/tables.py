"""Rows into files, without ever holding them all: CSV as pieces of bytes, XLSX by openpyxl's write-only mode."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import IO, Self

from openpyxl import Workbook
from openpyxl.cell import Cell as WorkbookCell
from openpyxl.cell import WriteOnlyCell

from contacts.attributes import Kind, show_value
from contacts.exporting.cells import Cell, harmless, storable_in_xml
from contacts.exporting.refusing import CannotExport

AT_A_TIME = 500  # rows in a piece of CSV
# What an XLSX sheet holds: rows below a header, characters in a cell.
MOST_ROWS = 1_048_575
MOST_CHARACTERS = 32_767


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, without which Excel takes it for something else; every cell is quoted (OWASP)."""
    buffer = io.StringIO("\ufeff", newline="")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    lines = chain([header], rows)
    while chunk := list(islice(lines, AT_A_TIME)):
        writer.writerows([_as_csv(cell) for cell in line] for line in chunk)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _as_csv(cell: Cell) -> str:
    return harmless(cell if isinstance(cell, str) else show_value(Kind.NUMBER, cell))


class Sheet:
    """A workbook of one sheet on its way to the disk; a context that leaves nothing behind."""

    def __init__(self, title: str, header: Sequence[str]) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        self.append(header)

    def append(self, row: Iterable[Cell]) -> None:
        """Write a row. Raises CannotExport for a text that no cell can hold."""
        self._sheet.append([self._typed(cell) for cell in row])

    def _typed(self, cell: Cell) -> Cell | WorkbookCell | None:
        """A text is always typed as text: openpyxl makes a formula of `=1`, and an error of `#N/A`."""
        if not isinstance(cell, str):
            return cell
        if not cell:
            return None
        text = storable_in_xml(cell)
        if len(text) > MOST_CHARACTERS:
            raise CannotExport(
                f"A cell of an Excel file holds {MOST_CHARACTERS:,} characters; “{cell[:40]}…” has more. Take CSV."
            )
        if text[0] not in "=#":
            return text
        typed = WriteOnlyCell(self._sheet, text)
        typed.data_type = "s"
        return typed

    def save(self, file: IO[bytes]) -> None:
        """Close the sheet and pack the workbook."""
        self._book.save(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        # openpyxl deletes its temporary file, which holds all rows, when it has packed it, and else with the process.
        if not self._sheet.closed:
            self._sheet.close()
            self._sheet._writer.cleanup()
