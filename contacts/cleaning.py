"""From the cells of one row to what a contact would hold. Pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from contacts import columns as headers
from contacts.phones import InvalidPhone, Phone, parse_phone

LONGEST = {"first_name": 100, "last_name": 100, "email": 254, "company": 200, "time_zone": 64}
LONGEST_ATTRIBUTE = 1_000
COUNTRIES = {
    "usa": "US", "united states": "US", "united states of america": "US", "canada": "CA",
    "uk": "GB", "united kingdom": "GB",
    "great britain": "GB", "mexico": "MX", "espana": "ES", "spain": "ES",
    "france": "FR", "germany": "DE", "deutschland": "DE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clean:
    """A row that can be taken: the number, the fields that are not blank, and what was left out and why."""

    phone: Phone
    fields: dict[str, str]
    attributes: dict[str, str]
    warnings: list[str] = field(default_factory=list)


class RowProblem(ValueError):
    """A row that cannot be taken: where, what stood there, and why in words."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


class Cleaner:
    """Cleans the rows of one sheet: its columns, what they mean, and the country of numbers that name none."""

    def __init__(self, columns: Sequence[str], mapping: Mapping[str, str], region: str) -> None:
        self._columns = columns
        self._region = region
        self._phones = headers.phone_order(columns, mapping)
        self._others = [
            (index, column, mapping[column])
            for index, column in enumerate(columns)
            if mapping.get(column, headers.IGNORE) not in (headers.PHONE, headers.IGNORE)
        ]

    def clean(self, cells: Sequence[Any]) -> Clean:
        """Raises RowProblem."""
        fields: dict[str, str] = {}
        attributes: dict[str, str] = {}
        warnings: list[str] = []
        region = self._region
        for index, column, target in self._others:
            text = as_text(cells[index] if index < len(cells) else "")
            if not text:
                continue
            if target == headers.REGION:
                region = _country(text) or region
            elif target == headers.NAME:
                fields |= split_name(text)
            elif target in LONGEST:
                if problem := _unusable(target, text):
                    warnings.append(f"{column}: {problem}")
                else:
                    fields[target] = text
            else:
                attributes[target] = text
            _check_length(column, target, text)
        return Clean(self._phone(cells, region), fields, attributes, warnings)

    def _phone(self, cells: Sequence[Any], region: str) -> Phone:
        """The first valid number of the phone columns; the problem of the first that is filled otherwise."""
        if not self._phones:
            raise RowProblem("", "", "No column of this file holds phone numbers.")
        problem: RowProblem | None = None
        for index in self._phones:
            cell = cells[index] if index < len(cells) else ""
            try:
                return parse_phone(cell, region)
            except InvalidPhone as reason:
                found = RowProblem(self._columns[index], as_text(cell), str(reason))
                if problem is None or (not problem.value and found.value):
                    problem = found
        raise problem or RowProblem("", "", "There is no number.")


def as_text(cell: Any) -> str:
    """A cell as people read it: composed characters, no NUL, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    text = unicodedata.normalize("NFC", str(cell)).replace("\x00", "").strip()
    # Our own exports put an apostrophe before what a spreadsheet program would take for a formula.
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@\t\r" else text


def split_name(name: str) -> dict[str, str]:
    """First and last name out of one: “Doe, Jane” or “Jane Doe”."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.partition(" ")
    parts = {"first_name": first.strip(), "last_name": last.strip()}
    return {field: part for field, part in parts.items() if part}


def _unusable(target: str, text: str) -> str:
    if target == "email":
        try:
            validate_email(text)
        except ValidationError:
            return f"“{text[:80]}” is no e-mail address; it was left out."
    if target == "time_zone" and text not in available_timezones():
        return f"“{text[:80]}” is no time zone; it was left out."
    return ""


def _check_length(column: str, target: str, text: str) -> None:
    limit = LONGEST.get(target, LONGEST_ATTRIBUTE)
    if len(text) > limit:
        raise RowProblem(column, text[:200], f"Too long: {len(text)} characters, at most {limit} can be kept.")


def _country(text: str) -> str:
    if len(text) == 2 and text.isalpha():
        return text.upper()
    return COUNTRIES.get(headers.normal(text), "")
