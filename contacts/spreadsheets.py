"""From the file that people have to a header and numbered rows. No database.

Row numbers are those that a spreadsheet program shows: the first record is 1, blank ones count, a quoted line break
does not. What a file is, its content says, never its name. Workbooks are read by a child process with limits
(`contacts.reading.worker`), because a hostile one can take the reading process down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from contacts import columns as headers
from contacts.reading import delimited, workbooks
from contacts.reading.doubts import Doubt, about_header, about_sheet
from contacts.reading.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from contacts.unreadable import UnreadableFile

SAMPLE = 60  # rows that are looked at before anything is decided
SHOWN = 20  # of them are kept as the sample
HEAVY = 1_000_000  # characters; rows of long texts decide with fewer of them
ZIP_MAGIC, OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SAVE_AS = "Open it in a spreadsheet program and save it as .xlsx or CSV."
# What people upload by mistake, by how it begins.
NO_TABLES = (
    (b"%PDF", "This is a PDF, not a spreadsheet. Export the contacts as .xlsx or CSV."),
    (b"\xff\xd8\xff", "This is a picture, not a spreadsheet."),
    (b"\x89PNG", "This is a picture, not a spreadsheet."),
    (b"GIF8", "This is a picture, not a spreadsheet."),
    (b"\x1f\x8b", "This is a compressed file. Unpack it, and import the spreadsheet inside."),
    (b"{\\rtf", f"This is a text document, not a spreadsheet. {SAVE_AS}"),
    (b"BEGIN:VCARD", f"These are business cards (vCard), not a spreadsheet. {SAVE_AS}"),
    (b"<", f"This is a web page, whatever its name says. {SAVE_AS}"),
)

NO_HEADER = "The file has no header; the columns are named by their letters."
MOST_HEADERS = 5  # first rows that are offered as one

Row = tuple[int, Sequence[Any]]


@dataclass(slots=True)
class Sheet:
    """A readable sheet: how it was read, its columns, and its rows below the header.

    `kind` is csv, xlsx or ods; `header_row` is 0 where there is no header; `notes` are sentences for the person who
    brought the file, `doubts` what to ask them; each doubt has its note. Cells are str, int, float, bool, date, time or
    datetime.
    """

    kind: str
    columns: tuple[str, ...]
    header_row: int
    sample: list[Row]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    _rows: Iterator[Row] = field(default_factory=lambda: iter(()))

    def rows(self) -> Iterator[Row]:
        """Rows with something in them, once, at least as wide as the columns. Raises UnreadableFile."""
        width, count = len(self.columns), 0
        for number, cells in self._rows:
            if all(is_blank(cell) for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it.")
            if len(cells) > MAX_COLUMNS:
                raise UnreadableFile(f"Row {number} has more than {MAX_COLUMNS} columns.")
            yield number, (*cells, *[""] * (width - len(cells)))


def is_blank(cell: Any) -> bool:
    """Nothing, or white space alone."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def open_sheet(
    path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "", header_row: int | None = None
) -> Sheet:
    """Read the beginning of the file and decide how to read the rest; options override. Raises UnreadableFile.

    `header_row` is a row's number, or 0 where there is no header. What an option settles is no doubt any more.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile("The file is empty.")
    if size > MAX_BYTES:
        raise UnreadableFile("The file is larger than 200 MB. Split it, or save it as CSV.")
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(ZIP_MAGIC):
        return _workbook(path, sheet, header_row)
    _refuse_other_kinds(path, start)
    text = delimited.open_delimited(path, start, encoding, delimiter)
    read = _begin("csv", text.rows(), header_row)
    read.encoding, read.delimiter = text.encoding, text.delimiter
    _doubt(read, *text.doubts)
    return read


def _doubt(sheet: Sheet, *doubts: Doubt) -> None:
    sheet.doubts[:0] = doubts
    sheet.notes[:0] = [doubt.sentence for doubt in doubts]


def _workbook(path: Path, wanted: str, header_row: int | None) -> Sheet:
    book = workbooks.open_workbook(path, wanted)
    try:
        read = _begin(book.kind, book.rows(), header_row)
    except UnreadableFile:
        book.close()
        raise
    read.sheet, read.sheets = book.sheet, book.sheets
    if len(book.filled) > 1 and not wanted:
        sentence = f"The workbook has several sheets with data; “{book.sheet}” was read."
        _doubt(read, about_sheet(sentence, book.sheets))
    return read


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    if start.startswith(OLE_MAGIC):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise UnreadableFile("This workbook is protected by a password. Save it without one.")
        raise UnreadableFile("This is an old Excel file (.xls). Open it and save it as .xlsx or CSV.")
    beginning = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, sentence in NO_TABLES:
        if beginning.startswith(magic):
            raise UnreadableFile(sentence)


def _begin(kind: str, rows: Iterator[Row], wanted_header: int | None) -> Sheet:
    """Look at the first rows, find the header, and put the rest back behind it."""
    filled = list(_first_filled(rows))
    if not filled:
        raise UnreadableFile("The file has no rows.")
    if max(len(cells) for _, cells in filled) > MAX_COLUMNS:
        raise UnreadableFile(f"The file has more than {MAX_COLUMNS} columns.")
    header_row = headers.find_header(filled) if wanted_header is None else wanted_header
    if wanted_header and not any(number == wanted_header for number, _ in filled):
        raise UnreadableFile(f"Row {wanted_header} is blank or too far down to be a header.")
    names = next((cells for number, cells in filled if number == header_row), ())
    below = [row for row in filled if row[0] > header_row]
    columns = headers.name_columns(names, _width(names, below))
    read = Sheet(kind, columns, header_row, below[:SHOWN], _rows=chain(below, rows))
    if header_row == 0 and wanted_header is None:
        _doubt(read, about_header(NO_HEADER, [number for number, _ in filled[:MOST_HEADERS]]))
    return read


def _first_filled(rows: Iterator[Row]) -> Iterator[Row]:
    """Blank lines may fill the beginning; a sample of nothing decides nothing."""
    count = weight = 0
    for number, cells in rows:
        if all(is_blank(cell) for cell in cells):
            continue
        yield number, cells
        count += 1
        weight += sum(len(cell) for cell in cells if isinstance(cell, str))
        if count == SAMPLE or weight > HEAVY:
            return


def _width(names: Sequence[Any], rows: Sequence[Row]) -> int:
    """Of the table: the header's, or wider where most rows are; a few longer rows are faults of theirs."""
    widths = sorted(_filled_width(cells) for _, cells in rows)
    usual = widths[len(widths) // 2] if widths else 0
    return max(_filled_width(names), widths[-1] if widths and not names else usual, 1)


def _filled_width(cells: Sequence[Any]) -> int:
    return max((index for index, cell in enumerate(cells, start=1) if not is_blank(cell)), default=0)
