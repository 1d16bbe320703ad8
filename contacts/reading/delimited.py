"""CSV and its relatives: encoding, separator, records."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from contacts.reading import encodings
from contacts.reading.doubts import Doubt, about_encoding, about_separator
from contacts.reading.limits import MAX_CELL
from contacts.unreadable import UnreadableFile

SEPARATORS = (",", ";", "\t", "|")
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
SAMPLE = 60  # records that are looked at before the separator is decided
MAX_LINE = 8 * MAX_CELL  # characters; a binary file without line ends must not fill the memory
# Python's own limit, 131,072, is less than a long note. It holds for the whole process, which reads CSV only here.
csv.field_size_limit(MAX_CELL)

Record = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Delimited:
    """A text file and how it is cut."""

    path: Path
    encoding: str
    delimiter: str
    doubts: tuple[Doubt, ...]

    def rows(self) -> Iterator[Record]:
        """Every record with its number, blank ones too. Raises UnreadableFile with the row's number."""
        return _records(self.path, self.encoding, self.delimiter)


def open_delimited(path: Path, start: bytes, encoding: str = "", delimiter: str = "") -> Delimited:
    """Decide how to read the text; options override, and what was doubtful is noted. Raises UnreadableFile."""
    doubts: list[Doubt] = []
    if encoding:
        encodings.check_known(encoding)
    else:
        encoding, note = encodings.detect(path, start)
        doubts += [about_encoding(note)] if note else []
    if delimiter:
        delimiter = NAMES.get(delimiter.lower(), delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n\x00':
            raise UnreadableFile("The separator must be one character, for example ; or tab.")
    else:
        delimiter, note = _separator(path, encoding)
        doubts += [about_separator(note)] if note else []
    return Delimited(path, encoding, delimiter, tuple(doubts))


def _separator(path: Path, encoding: str) -> tuple[str, str]:
    """The one that cuts the first records into a constant number of columns; of several, into the most."""
    if declared := _declared(_first_line(path, encoding)):
        return declared, ""
    best, share, columns = ",", 0.0, 1
    for candidate in SEPARATORS:
        widths = Counter(_widths(path, encoding, candidate))
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        if width > 1 and (count / widths.total(), width) > (share, columns):
            best, share, columns = candidate, count / widths.total(), width
    if 0 < share < 0.6:
        name = "tab" if best == "\t" else best
        return best, f"The rows have different numbers of columns; “{name}” was taken as the separator."
    return best, ""


def _first_line(path: Path, encoding: str) -> str:
    try:
        with _text(path, encoding) as file:
            return file.readline(MAX_LINE)
    except UnicodeError:  # told with its row when the records are read
        return ""


def _widths(path: Path, encoding: str, delimiter: str) -> list[int]:
    """Of the first records that are not blank, up to one that cannot be read."""
    widths: list[int] = []
    try:
        for _, cells in islice(_records(path, encoding, delimiter), SAMPLE):
            if any(cells):
                widths.append(len(cells))
    except UnreadableFile:
        return widths
    return widths


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Record]:
    number = lines = 0
    try:
        with _text(path, encoding) as file:
            reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
            for number, cells in enumerate(reader, start=1):
                if reader.line_num - lines > 2:
                    _refuse_swallowed(number, cells, delimiter)
                lines = reader.line_num
                yield number, cells
    except UnicodeError as problem:
        raise UnreadableFile(
            # Text is decoded ahead of the row that is read, so the row itself is not known.
            f"The file was read as {encoding}, but somewhere after row {number} it is not. Save it again as CSV UTF-8."
        ) from problem
    except csv.Error as problem:
        raise UnreadableFile(f"Row {number + 1} cannot be read: {_reason(problem)}") from problem
    except _LineTooLong as problem:
        raise UnreadableFile(f"Row {number + 1} is far too long for a row of a table.") from problem


def _refuse_swallowed(number: int, cells: list[str], delimiter: str) -> None:
    """A quotation mark that stands alone swallows whole rows up to the next one, and nobody would notice.

    What was swallowed shows itself: between its first and its last line a cell has lines that are rows of this table.
    """
    for cell in cells:
        inner = cell.split("\n")[1:-1]
        if inner and len(cells) > 1 and all(line.count(delimiter) == len(cells) - 1 for line in inner):
            raise UnreadableFile(
                f"Row {number}: a quotation mark is opened there and closed only {len(inner) + 1} lines later, so "
                "whole rows stand in one cell. Remove the mark, or write it twice."
            )


def _text(path: Path, encoding: str) -> TextIOWrapper:
    return path.open(encoding=encoding, newline="")


class _LineTooLong(Exception):
    pass


def _lines(file: TextIOWrapper) -> Iterator[str]:
    """Lines without NUL, and without the `sep=;` that Excel writes, and hides, above the first row."""
    first = True
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise _LineTooLong
        if not (first and _declared(line)):
            yield line.replace("\x00", "")
        first = False


def _declared(line: str) -> str:
    text = line.rstrip("\r\n")
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else ""


def _reason(problem: csv.Error) -> str:
    if "field limit" in str(problem):
        return f"a cell is longer than {MAX_CELL:,} characters, or a quotation mark is opened and never closed."
    return "a quotation mark is opened and never closed, or closed too early."
