"""From the cells of one row to what a contact would hold. Pure.

A row without a number that one can text, with a text that is too long, or with more cells than columns is refused with
the reason. A bad e-mail address, time zone, consent date or value of an attribute costs only itself: it is left out,
with a warning that says so.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from zoneinfo import available_timezones

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS

from contacts import columns as headers
from contacts.attributes import Kind, Value, as_text, parse_moment, parse_value
from contacts.phones import InvalidPhone, Phone, parse_phone

__all__ = ["LONGEST", "Clean", "Cleaner", "RowProblem", "as_text", "country", "split_name"]

LONGEST = {"first_name": 100, "last_name": 100, "email": 254, "company": 200, "time_zone": 64}
LONGEST_ATTRIBUTE = 1_000
LONGEST_CONSENT = 5_000  # of the wording
LONGEST_SHOWN = 200  # of a cell that is quoted in a problem
NOON = datetime.time(12)
# Something, one @, and a host with a dot: enough to catch what stands in the wrong column. Nothing is tried twice.
EMAIL = re.compile(r"[^\s@,;<>()\"]{1,64}+@(?:[^\s@,;<>()\"._-][^\s@,;<>()\"._]*+\.)++[^\s@,;<>()\"._\d-]{2,63}+")
# The values and labels of `contacts.models.Contact.ConsentSource`, in small letters.
CONSENT_SOURCES = {
    "not recorded": "",
    "stated at an import": "import",
    "web or paper form": "form",
    "texted us first": "message",
    "noted by staff": "staff",
    "import": "import",
    "form": "form",
    "message": "message",
    "staff": "staff",
}
AT_AN_IMPORT = "import"
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
    """A row that can be taken: the number, what it says of the contact, and what was left out and why.

    Fields are texts, a consent's date ISO 8601 in UTC. A blank cell leaves no trace; where blanks are kept, it is an
    empty text, or None among the attributes.
    """

    phone: Phone
    fields: dict[str, str]
    attributes: dict[str, Value | None]
    warnings: list[str]


class RowProblem(ValueError):
    """A row that cannot be taken: where, what stood there, and why in words."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value[:LONGEST_SHOWN], reason


class Cleaner:
    """Cleans the rows of one sheet: its columns, what they mean, and the country of numbers that name none.

    With `keep_blanks` an empty cell says that the field is to be empty. A number is never emptied, nor is a consent:
    it is the evidence that we may text.
    """

    def __init__(
        self, columns: Sequence[str], mapping: Mapping[str, str], region: str, *, keep_blanks: bool = False
    ) -> None:
        self._columns = columns
        self._region = region
        self._phones = headers.phone_order(columns, mapping)
        self._regions = [index for index, name in enumerate(columns) if mapping.get(name) == headers.REGION]
        self._nothing = (None,) * len(columns)
        self._steps = [
            (index, _step(column, mapping[column], region, keep_blanks))
            for index, column in enumerate(columns)
            if mapping.get(column, headers.IGNORE) not in (*headers.PHONES, headers.REGION, headers.IGNORE)
        ]

    def clean(self, cells: Sequence[Any]) -> Clean:
        """What the row says of a contact. Raises RowProblem."""
        if len(cells) != len(self._columns):
            self._refuse_surplus(cells)
            cells = (*cells, *self._nothing[len(cells) :])
        row = Clean(self._phone(cells), {}, {}, [])
        for index, take in self._steps:
            take(cells[index], row)
        return row

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

    def _phone(self, cells: Sequence[Any]) -> Phone:
        """The first valid number of the phone columns; the problem of the first that is filled otherwise."""
        if not self._phones:
            raise RowProblem("", "", "No column of this file holds phone numbers.")
        region, unknown_country = self._country(cells) if self._regions else (self._region, None)
        problem: RowProblem | None = None
        for index in self._phones:
            try:
                return parse_phone(cells[index], region)
            except InvalidPhone as reason:
                found = RowProblem(self._columns[index], as_text(cells[index]), str(reason))
                # It matters only where the number names no country itself.
                if unknown_country and reason.code == "no_country":
                    found = unknown_country
                if problem is None or (not problem.value and found.value):
                    problem = found
        raise problem or RowProblem("", "", "There is no number.")

    def _country(self, cells: Sequence[Any]) -> tuple[str | None, RowProblem | None]:
        """The country of the row, or the file's; where nobody knows the one that it names, none and the problem."""
        for index in self._regions:
            if text := as_text(cells[index]):
                if code := country(text):
                    return code, None
                reason = f"“{text[:80]}” is no country that we know, and the number names none. Write two letters: US."
                return None, RowProblem(self._columns[index], text, reason)
        return self._region, None


Step = Callable[[Any, Clean], None]


def _step(column: str, target: str, region: str, keep_blanks: bool) -> Step:
    """What is done with the cells of one column, chosen once, since it runs for each of a million rows."""
    name, kind = headers.split_target(target)
    if name == headers.NAME:
        return _names(column, keep_blanks)
    if name in (headers.CONSENT_SOURCE, headers.CONSENT_AT, headers.CONSENT_TEXT):
        return _consent(column, name, region)
    if name in LONGEST:
        return _field(column, name, LONGEST[name], keep_blanks, _CHECKS.get(name))
    if kind in ("", Kind.TEXT):
        return _text_attribute(column, name, keep_blanks)
    return _typed_attribute(column, name, kind, region, keep_blanks)


def _field(column: str, name: str, limit: int, keep_blanks: bool, check: Callable[[str], str] | None) -> Step:
    def take(cell: Any, row: Clean) -> None:
        text = as_text(cell)
        if not text:
            if keep_blanks:
                row.fields.setdefault(name, "")
            return
        if len(text) > limit:
            raise _too_long(column, text, limit)
        if check is not None:
            try:
                text = check(text)
            except ValueError as problem:
                row.warnings.append(f"{column}: {problem}")
                return
        row.fields[name] = text

    return take


def _names(column: str, keep_blanks: bool) -> Step:
    def take(cell: Any, row: Clean) -> None:
        text = as_text(cell)
        if not text and keep_blanks:
            row.fields.setdefault("first_name", "")
            row.fields.setdefault("last_name", "")
        for name, part in split_name(text).items():
            if len(part) > LONGEST[name]:
                raise _too_long(column, text, LONGEST[name], len(part))
            row.fields[name] = part

    return take


def _text_attribute(column: str, name: str, keep_blanks: bool) -> Step:
    def take(cell: Any, row: Clean) -> None:
        text = as_text(cell)
        if text:
            if len(text) > LONGEST_ATTRIBUTE:
                raise _too_long(column, text, LONGEST_ATTRIBUTE)
            row.attributes[name] = text
        elif keep_blanks:
            row.attributes.setdefault(name, None)

    return take


def _typed_attribute(column: str, name: str, kind: str, region: str, keep_blanks: bool) -> Step:
    def take(cell: Any, row: Clean) -> None:
        if not as_text(cell):
            if keep_blanks:
                row.attributes.setdefault(name, None)
            return
        try:
            row.attributes[name] = parse_value(kind, cell, region)
        except ValueError as problem:
            row.warnings.append(f"{column}: {problem} It was left out.")

    return take


def _consent(column: str, name: str, region: str) -> Step:
    """A date or a wording without a source was stated at this import."""
    now = datetime.datetime.now(datetime.UTC)

    def take(cell: Any, row: Clean) -> None:
        text = as_text(cell)
        if not text:
            return
        if len(text) > LONGEST_CONSENT:
            raise _too_long(column, text, LONGEST_CONSENT)
        try:
            if name == headers.CONSENT_SOURCE:
                if source := _source(text):
                    row.fields[name] = source
                return
            row.fields[name] = _moment(cell, region, now).isoformat() if name == headers.CONSENT_AT else text
            row.fields.setdefault(headers.CONSENT_SOURCE, AT_AN_IMPORT)
        except ValueError as problem:
            row.warnings.append(f"{column}: {problem} It was left out.")

    return take


def _source(text: str) -> str:
    source = CONSENT_SOURCES.get(text.casefold())
    if source is None:
        known = ", ".join(label for label in CONSENT_SOURCES if " " in label)
        raise ValueError(f"“{text[:80]}” is no source of a consent. There are: {known}.")
    return source


def _moment(cell: Any, region: str, now: datetime.datetime) -> datetime.datetime:
    """When somebody agreed, in UTC. Raises ValueError in words, for a moment still to come too.

    A day without a time counts as its noon, because noon UTC is the same day nearly everywhere; a time without a zone
    is taken for UTC. Either may seem to be ahead of us by as much as the clocks east of Greenwich are.
    """
    day, time = parse_moment(cell, region)
    ahead = datetime.timedelta(hours=26 if time is None else 0 if time.tzinfo else 14)
    try:
        moment = datetime.datetime.combine(day, time or NOON)
        moment = moment.astimezone(datetime.UTC) if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    except OverflowError as problem:
        raise ValueError(f"“{as_text(cell)[:80]}” is no date. Write it as 2025-12-31.") from problem
    if moment > now + ahead:
        raise ValueError(f"“{as_text(cell)[:80]}” is still to come.")
    return moment


def _too_long(column: str, text: str, limit: int, length: int = 0) -> RowProblem:
    """A text is never cut."""
    return RowProblem(column, text, f"Too long: {length or len(text):,} characters, at most {limit:,} can be kept.")


def _checked_email(text: str) -> str:
    if EMAIL.fullmatch(text) is None:
        raise ValueError(f"“{text[:80]}” is no e-mail address; it was left out.")
    return text


def _checked_zone(text: str) -> str:
    # HubSpot writes america_slash_new_york.
    zone = _zones().get(text.casefold().replace(" ", "_").replace("_slash_", "/"))
    if zone is None:
        raise ValueError(f"“{text[:80]}” is no time zone; it was left out. Write America/New_York.")
    return zone


_CHECKS = {"email": _checked_email, "time_zone": _checked_zone}


def split_name(name: str) -> dict[str, str]:
    """First and last name out of one: “Doe, Jane” or “Jane Doe”, cut at the first comma or blank."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.partition(" ")
    parts = {"first_name": first.strip(), "last_name": last.strip()}
    return {part: text for part, text in parts.items() if text}


@lru_cache(maxsize=1_024)
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
