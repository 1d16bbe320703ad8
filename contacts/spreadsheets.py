"""From the file that people have to a header and numbered rows. No database.

Row numbers are those that a spreadsheet program shows: the first record is 1, blank ones count, a quoted line break
does not. XLSX and ODS are read by a child process with limits (`spreadsheet_child`), because a hostile workbook can
take the reading process down.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from contacts import columns as headers
from contacts import workbooks
from contacts.unreadable import UnreadableFile

MAX_BYTES = 200 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 60  # rows that are looked at before anything is decided
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ZIP_MAGIC, OLD_EXCEL_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

Row = tuple[int, list[Any]]


@dataclass(slots=True)
class Sheet:
    """A readable sheet: how it was read, its columns, and its rows below the header."""

    columns: list[str]
    header_row: int
    sample: list[Row]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _rows: Iterator[Row] = field(default_factory=lambda: iter(()))

    def rows(self) -> Iterator[Row]:
        """Rows with something in them, once, numbered as a spreadsheet program does. Raises UnreadableFile."""
        width = len(self.columns)
        for count, (number, cells) in enumerate(self._rows, start=1):
            if count > MAX_ROWS:
                raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it.")
            if any(not is_blank(cell) for cell in cells):
                yield number, (cells + [""] * (width - len(cells)))[: max(width, len(cells))]


def is_blank(cell: Any) -> bool:
    """Nothing, or white space alone."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def open_sheet(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> Sheet:
    """Read the beginning of the file and decide how to read the rest; options override. Raises UnreadableFile."""
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile("The file is empty.")
    if size > MAX_BYTES:
        raise UnreadableFile("The file is larger than 200 MB. Split it, or save it as CSV.")
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(ZIP_MAGIC):
        return _workbook(path, sheet)
    if start.startswith(OLD_EXCEL_MAGIC):
        raise UnreadableFile("This is an old Excel file (.xls). Open it and save it as .xlsx or CSV.")
    return _text(path, start, encoding, delimiter)


def _workbook(path: Path, wanted: str) -> Sheet:
    book = workbooks.open_workbook(path, wanted)
    read = _begin(book.rows())
    read.sheet, read.sheets = book.sheet, book.sheets
    if len(book.sheets) > 1:
        read.notes.append(f"The workbook has {len(book.sheets)} sheets; “{book.sheet}” was read.")
    return read


def _text(path: Path, start: bytes, encoding: str, delimiter: str) -> Sheet:
    notes: list[str] = []
    chosen = encoding or _encoding(path, start, notes)
    _check_encoding(chosen)
    cut = delimiter.replace("\\t", "\t") or _delimiter(path, chosen, notes)
    read = _begin(_records(path, chosen, cut))
    read.encoding, read.delimiter = chosen, cut
    read.notes[:0] = notes
    return read


def _encoding(path: Path, start: bytes, notes: list[str]) -> str:
    for mark, name in BOMS:
        if start.startswith(mark):
            return name
    if b"\x00" in start:  # UTF-16 without its mark: every other byte of plain text is zero
        even, odd = start[0::2].count(0), start[1::2].count(0)
        return "utf-16-le" if odd >= even else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        notes.append("The file is not UTF-8; it was read as Windows-1252. Check the accents.")
        return "cp1252"
    return "utf-8"


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError as problem:
        raise UnreadableFile(f"There is no encoding “{name}”. Try utf-8, utf-16 or cp1252.") from problem


def _delimiter(path: Path, encoding: str, notes: list[str]) -> str:
    """The one that cuts the first rows into the most columns of a constant number."""
    best, score = ",", (0.0, 0)
    for candidate in DELIMITERS:
        widths = _widths(path, encoding, candidate)
        if not widths:
            continue
        common = max(set(widths), key=lambda width: (widths.count(width), width))
        if common > 1 and (widths.count(common) / len(widths), common) > score:
            best, score = candidate, (widths.count(common) / len(widths), common)
    if 0 < score[0] < 0.6:
        name = "tab" if best == "\t" else best
        notes.append(f"The rows have different numbers of columns; “{name}” was taken as the separator.")
    return best


def _widths(path: Path, encoding: str, delimiter: str) -> list[int]:
    try:
        return [len(cells) for _, cells in islice(_records(path, encoding, delimiter), SAMPLE) if any(cells)]
    except UnreadableFile:
        return []


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    if len(delimiter) != 1:
        raise UnreadableFile("The separator must be one character.")
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            for number, cells in enumerate(csv.reader(_without_nul(file), delimiter=delimiter, strict=True), start=1):
                yield number, cells
    except UnicodeError as problem:
        raise UnreadableFile(f"The file is not {encoding}: row {number + 1} cannot be read.") from problem
    except csv.Error as problem:
        raise UnreadableFile(
            f"Row {number + 1} cannot be read: a quotation mark is opened and never closed, or closed too early."
        ) from problem


def _without_nul(lines: Iterable[str] | io.TextIOBase) -> Iterator[str]:
    for line in lines:
        yield line.replace("\x00", "")


def _begin(rows: Iterator[Row]) -> Sheet:
    """Look at the first rows, find the header, and put the rest back behind it."""
    first = list(islice(rows, SAMPLE))
    filled = [(number, cells) for number, cells in first if any(not is_blank(cell) for cell in cells)]
    if not filled:
        raise UnreadableFile("The file has no rows.")
    if max(len(cells) for _, cells in filled) > MAX_COLUMNS:
        raise UnreadableFile(f"The file has more than {MAX_COLUMNS} columns.")
    header_row = headers.find_header(filled)
    notes = []
    if header_row == 0:
        notes.append("The file has no header; the columns are named by their letters.")
    below = [(number, cells) for number, cells in first if number > header_row]
    names = next((cells for number, cells in filled if number == header_row), [])
    width = max(len(cells) for number, cells in filled if number >= header_row)
    sample = [row for row in below if any(not is_blank(cell) for cell in row[1])][:20]

    def rest() -> Iterator[Row]:
        yield from below
        yield from rows

    return Sheet(headers.name_columns(names, width), header_row, sample, notes=notes, _rows=rest())
