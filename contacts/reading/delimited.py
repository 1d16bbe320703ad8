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
from contacts.reading.limits import MAX_CELL, MAX_RECORD
from contacts.reading.swallowed import Swallowed
from contacts.unreadable import UnreadableFile

SEPARATORS = (",", ";", "\t", "|")
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
SAMPLE = 60  # records that are looked at before the separator is decided
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
            return file.readline(MAX_RECORD)
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
    number = line = 0
    swallowed = Swallowed(delimiter)
    try:
        with _text(path, encoding) as file:
            lines = _Lines(file)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            for number, cells in enumerate(reader, start=1):
                several, line = reader.line_num - line, reader.line_num
                if several > 1 and swallowed.has_rows(cells):
                    raise UnreadableFile(
                        f"Row {number}: a quotation mark is opened there and closed only {several - 1} "
                        f"line{'s' if several > 2 else ''} later, so whole rows stand in one cell. Remove the mark, or "
                        "write it twice."
                    )
                if number <= SAMPLE and several == 1:
                    swallowed.learn(cells)
                lines.read = 0
                yield number, cells
    except UnicodeError as problem:
        raise UnreadableFile(
            # Text is decoded ahead of the row that is read, so the row itself is not known.
            f"The file was read as {encoding}, but somewhere after row {number} it is not. Save it again as CSV UTF-8."
        ) from problem
    except csv.Error as problem:
        raise UnreadableFile(f"Row {number + 1} cannot be read: {_reason(problem)}") from problem
    except _RecordTooLong as problem:
        raise UnreadableFile(f"Row {number + 1} is far too long for a row of a table.") from problem


def _text(path: Path, encoding: str) -> TextIOWrapper:
    return path.open(encoding=encoding, newline="")


class _RecordTooLong(Exception):
    pass


class _Lines:
    """Lines without NUL, and without the `sep=;` that Excel writes, and hides, above the first row.

    `read` counts the characters since whoever reads set it to 0, which is at each record: neither a binary file without
    line ends nor a cell of many lines fills the memory.
    """

    def __init__(self, file: TextIOWrapper) -> None:
        self._file, self._first, self.read = file, True, 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(MAX_RECORD):
            self.read += len(line)
            if self.read >= MAX_RECORD:
                raise _RecordTooLong
            if not (self._first and _declared(line)):
                yield line.replace("\x00", "")
            self._first = False


def _declared(line: str) -> str:
    text = line.rstrip("\r\n")
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else ""


def _reason(problem: csv.Error) -> str:
    if "field limit" in str(problem):
        return f"a cell is longer than {MAX_CELL:,} characters, or a quotation mark is opened and never closed."
    return "a quotation mark is opened and never closed, or closed too early."
