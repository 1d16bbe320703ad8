"""From the cells of one row to what a contact would hold. Pure.

A row without a number that one can text, with a text that is too long, or with more cells than columns is refused with
the reason. A bad e-mail address or time zone costs only itself: it is left out, with a warning that says so.
"""

import datetime
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS

from contacts import columns as headers
from contacts.phones import InvalidPhone, Phone, parse_phone

LONGEST = {"first_name": 100, "last_name": 100, "email": 254, "company": 200, "time_zone": 64}
LONGEST_ATTRIBUTE = 1_000
LONGEST_SHOWN = 200  # of a cell that is quoted in a problem
# Something, one @, and a host with a dot: enough to catch what stands in the wrong column.
EMAIL = re.compile(r"[^\s@,;<>()\"]{1,64}@(?:[^\s@,;<>()\"._-][^\s@,;<>()\"._]*\.)+[^\s@,;<>()\"._\d-]{2,63}")
# Names beside the codes of ISO 3166, as sheets have them.
_COUNTRY_NAMES = {
    "US": "usa, united states, united states of america, america, estados unidos, eeuu, etats unis, vereinigte staaten",
    "CA": "can, canada, kanada",
    "MX": "mex, mexico, mexique, mexiko",
    "GB": "gbr, uk, united kingdom, great britain, england, scotland, wales, northern ireland, reino unido,"
    " royaume uni, grossbritannien, vereinigtes konigreich",
    "IE": "irl, ireland, irlanda, irlande, irland",
    "AU": "aus, australia, australie, australien",
    "NZ": "nzl, new zealand, nueva zelanda, nouvelle zelande, neuseeland",
    "ES": "esp, spain, espana, espagne, spanien",
    "FR": "fra, france, francia, frankreich",
    "DE": "deu, ger, germany, deutschland, alemania, allemagne",
    "AT": "aut, austria, osterreich, autriche",
    "CH": "che, switzerland, schweiz, suisse, suiza",
    "IT": "ita, italy, italia, italie, italien",
    "NL": "nld, netherlands, nederland, paises bajos, pays bas, niederlande",
    "BE": "bel, belgium, belgica, belgique, belgien",
    "PT": "prt, portugal",
    "BR": "bra, brazil, brasil, bresil, brasilien",
    "AR": "arg, argentina, argentine, argentinien",
    "CO": "col, colombia, colombie, kolumbien",
    "IN": "ind, india, inde, indien",
}
_COUNTRIES = {name.strip(): code for code, names in _COUNTRY_NAMES.items() for name in names.split(",")}


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
        self.column, self.value, self.reason = column, value[:LONGEST_SHOWN], reason


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
        """What the row says of a contact. Raises RowProblem."""
        self._refuse_surplus(cells)
        row = _Row()
        for index, column, target in self._others:
            text = as_text(cells[index] if index < len(cells) else "")
            if text:
                row.take(column, target, text)
        return Clean(self._phone(cells, row), row.fields, row.attributes, row.warnings)

    def _refuse_surplus(self, cells: Sequence[Any]) -> None:
        """A separator inside a cell without quotation marks shifts the rest of the row, and nobody would notice."""
        for cell in cells[len(self._columns) :]:
            if text := as_text(cell):
                raise RowProblem(
                    "",
                    text,
                    f"The row has more cells than the {len(self._columns)} columns. Put quotation marks around a cell "
                    "that contains the separator, or give the column a header.",
                )

    def _phone(self, cells: Sequence[Any], row: "_Row") -> Phone:
        """The first valid number of the phone columns; the problem of the first that is filled otherwise."""
        if not self._phones:
            raise RowProblem("", "", "No column of this file holds phone numbers.")
        region = None if row.unknown_country else row.region or self._region
        problem: RowProblem | None = None
        for index in self._phones:
            cell = cells[index] if index < len(cells) else ""
            try:
                return parse_phone(cell, region)
            except InvalidPhone as reason:
                found = RowProblem(self._columns[index], as_text(cell), str(reason))
                if row.unknown_country and reason.code == "no_country":
                    found = row.unknown_country
                if problem is None or (not problem.value and found.value):
                    problem = found
        raise problem or RowProblem("", "", "There is no number.")


class _Row:
    """What has been read of a row so far."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        self.warnings: list[str] = []
        self.region = ""
        # It matters only where the number names no country itself.
        self.unknown_country: RowProblem | None = None

    def take(self, column: str, target: str, text: str) -> None:
        """Raises RowProblem for what is too long: a text is never cut."""
        parts = split_name(text) if target == headers.NAME else {target: text}
        for name, part in parts.items():
            limit = LONGEST.get(name, LONGEST_ATTRIBUTE)
            if len(part) > limit:
                reason = f"Too long: {len(part):,} characters, at most {limit:,} can be kept."
                raise RowProblem(column, text, reason)
            self._keep(column, name, part)

    def _keep(self, column: str, target: str, text: str) -> None:
        if target == headers.REGION:
            self.region = country(text)
            if not self.region:
                reason = f"“{text[:80]}” is no country that we know, and the number names none. Write two letters: US."
                self.unknown_country = RowProblem(column, text, reason)
        elif target == "email" and not EMAIL.fullmatch(text):
            self.warnings.append(f"{column}: “{text[:80]}” is no e-mail address; it was left out.")
        elif target == "time_zone":
            self._keep_zone(column, text)
        elif target in LONGEST:
            self.fields[target] = text
        else:
            self.attributes[target] = text

    def _keep_zone(self, column: str, text: str) -> None:
        if zone := _zones().get(text.casefold().replace(" ", "_")):
            self.fields["time_zone"] = zone
        else:
            self.warnings.append(f"{column}: “{text[:80]}” is no time zone; it was left out. Write America/New_York.")


def as_text(cell: Any) -> str:
    """A cell as people read it: composed characters, no NUL, whole numbers without a point, dates as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    if isinstance(cell, datetime.datetime):
        cell = cell.isoformat(sep=" ")
    text = unicodedata.normalize("NFC", str(cell)).replace("\x00", "").strip()
    # Our own exports put an apostrophe before what a spreadsheet program would take for a formula.
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@\t\r\n" else text


def split_name(name: str) -> dict[str, str]:
    """First and last name out of one: “Doe, Jane” or “Jane Doe”, cut at the first comma or blank."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.partition(" ")
    parts = {"first_name": first.strip(), "last_name": last.strip()}
    return {part: text for part, text in parts.items() if text}


def country(text: str) -> str:
    """ISO 3166 alpha-2 of a code, a name, or a calling code (+44, of several countries the main one); or nothing."""
    code = text.strip().upper()
    if code in SUPPORTED_REGIONS:
        return code
    if calling := re.fullmatch(r"(?:\+|00)?([1-9]\d{0,2})", code):
        return str(COUNTRY_CODE_TO_REGION_CODE.get(int(calling[1]), ("",))[0])
    return _COUNTRIES.get(headers.normal(text.replace(".", "")), "")


@cache
def _zones() -> dict[str, str]:
    """Folded name → name; the set itself is read from the disk at every call."""
    return {name.casefold(): name for name in available_timezones()}
