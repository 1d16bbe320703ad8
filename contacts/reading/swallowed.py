"""A quotation mark that stands alone swallows whole rows up to the next one, and nobody would notice. Pure.

What was swallowed shows itself: a cell of several lines has lines that look like rows of this table, as many cells as a
row has, with a number where a row has its number. A note or an address of several lines has none.
"""

import re
from collections.abc import Iterator, Sequence

LINE_END = re.compile(r"\r\n|\r|\n")
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
LETTER = re.compile(r"[^\W\d_]")


class Swallowed:
    """Learns from the first rows of a table what its rows look like."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._places: set[tuple[int, int]] = set()

    def learn(self, cells: Sequence[str]) -> None:
        """Note where a row of one line has something like a number."""
        self._places.update(_places(cells))

    def has_rows(self, cells: Sequence[str]) -> bool:
        """Whether this row, which goes over several lines, holds other rows."""
        first, *others = LINE_END.split(self._delimiter.join(cells))
        looks = self._places | {*_places(cells), *_places(first.split(self._delimiter))}
        return any(place in looks for line in others for place in _places(line.split(self._delimiter)))


def _places(cells: Sequence[str]) -> Iterator[tuple[int, int]]:
    """How many cells there are, with the index of each that may be a phone number."""
    if len(cells) > 1:
        yield from ((len(cells), index) for index, cell in enumerate(cells) if _resembles_a_number(cell))


def _resembles_a_number(cell: str) -> bool:
    if not 7 <= len(cell) <= 40 or ISO_DATE.match(cell.strip()) or LETTER.search(cell):
        return False
    return 7 <= sum(character.isdigit() for character in cell) <= 20
