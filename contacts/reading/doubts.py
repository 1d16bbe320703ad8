"""Where a careful person would ask before reading on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

SEPARATORS = ((",", "a comma"), (";", "a semicolon"), ("\t", "a tab"), ("|", "a bar |"))
# What spreadsheet programs of our regions write when they do not write UTF-8.
ENCODINGS = (
    ("cp1252", "Western European (Windows-1252)"),
    ("cp1250", "Central European (Windows-1250)"),
    ("cp1251", "Cyrillic (Windows-1251)"),
    ("mac_roman", "old Macintosh"),
    ("utf-8", "UTF-8"),
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was taken as the likeliest, in a sentence, and what else it may be.

    `kind` names the option of `open_sheet` that settles it; `choices` are its values with words for people.
    """

    kind: str
    sentence: str
    choices: tuple[tuple[str | int, str], ...]


def about_encoding(sentence: str) -> Doubt:
    """The file is not UTF-8."""
    return Doubt("encoding", sentence, ENCODINGS)


def about_separator(sentence: str) -> Doubt:
    """The rows do not agree on one."""
    return Doubt("delimiter", sentence, SEPARATORS)


def about_sheet(sentence: str, names: Sequence[str]) -> Doubt:
    """More than one sheet holds data."""
    return Doubt("sheet", sentence, tuple((name, name) for name in names))


def about_header(sentence: str, rows: Sequence[int]) -> Doubt:
    """No row looks like a header."""
    lines = tuple((row, f"the header is row {row}") for row in rows)
    return Doubt("header_row", sentence, ((0, "there is no header"), *lines))
