"""What the cells of a business's own columns hold: text, numbers, dates, yes or no. Pure.

A cell is read by what it can only mean, else by the habit of a country (ISO 3166 alpha-2); what fits neither is refused
with a sentence, never guessed. The values are ready for JSON, dates as ISO 8601.
"""

import datetime
import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any

Value = str | int | float | bool
LONGEST_QUOTED = 80  # of a cell, in a sentence
MOST_DIGITS = 15  # that a spreadsheet keeps exactly
LONGEST_WRITTEN = 60  # of a date; a cell can hold a book
# What a spreadsheet program takes for the beginning of a formula, full-width in some countries; our own exports put an
# apostrophe in front.
FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
_HARMLESS = re.compile(rf"(?:'(?=[{re.escape(FORMULA_STARTS)}])\s*)+")
# Where the month comes first (CLDR, short dates), and where people write both orders, so that only one that can be
# read in a single way is taken.
MONTH_FIRST = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "UM", "FM", "MH", "PW", "PH"})
EITHER_FIRST = frozenset({"CA", "PA", ""})
# Where a comma stands before the decimals (CLDR); elsewhere it is a point.
_WITH_COMMA = (
    "AD AL AM AO AR AT AW AX AZ BA BE BF BG BI BJ BL BN BO BR BY CD CF CG CI CL CM CO CR CV CY CZ DE DJ DK DZ EC EE "
    "ES FI FO FR GA GE GF GL GN GP GQ GR GW HR HT HU ID IS IT KG KZ LB LT LU LV LY MA MC MD ME MF MK ML MQ MR MZ NC "
    "NE NL NO PF PL PM PT PY RE RO RS RU SE SI SJ SK SM SN SR ST TG TJ TL TM TN TR UA UY UZ VA VE VN WF XK YT"
)
DECIMAL_COMMA = frozenset(_WITH_COMMA.split())
_GROUPS = r"[1-9][0-9]{{0,2}}(?:{0}[0-9]{{2,3}})*{0}[0-9]{{3}}"  # 1,234,567, and 12,34,567 as India writes it
_BLANKS = r"[ '’\u00a0\u2009\u202f]"
_NUMBERS = {
    point: re.compile(rf"([0-9]+|{_GROUPS.format(group)}|{_GROUPS.format(_BLANKS)})(?:{re.escape(point)}([0-9]+))?")
    for point, group in ((".", ","), (",", r"\."))
}
_PLAINLY_YES, _PLAINLY_NO = "yes y true si verdadero oui vrai ja wahr", "no n false falso non faux nein falsch"
_PLAINLY_YES_OR_NO = frozenset(f"{_PLAINLY_YES} {_PLAINLY_NO}".split())
# With those that could be something else too, like a size S or a count of 0.
_YES = frozenset(f"{_PLAINLY_YES} t on 1 x s o j ✓ ✔ ☑".split())
_NO = frozenset(f"{_PLAINLY_NO} f off 0 ☐ ✗ ✘".split())
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january jan enero ene janvier janv januar janner",
            "february feb febrero fevrier fevr fev februar",
            "march mar marzo mars marz mrz",
            "april apr abril abr avril avr",
            "may mayo mai",
            "june jun junio juin juni",
            "july jul julio juillet juil juli",
            "august aug agosto ago aout",
            "september sep sept septiembre set septembre",
            "october oct octubre octobre oktober okt",
            "november nov noviembre novembre",
            "december dec diciembre dic decembre dezember dez",
        ),
        start=1,
    )
    for word in words.split()
}
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_DAY_MONTH = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|er|\.)?[ -]*(?:de |of )?([a-z]+)[., -]*(?:de |del )?([0-9]{4})")
_MONTH_DAY = re.compile(r"([a-z]+)\.? +([0-9]{1,2})(?:st|nd|rd|th)?,? +([0-9]{4})")
_MOMENT = re.compile(
    r"(?P<date>.*?)(?:[T, ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What the values of an attribute are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YESNO = "yesno"

    @property
    def label(self) -> str:
        """The kind as staff call it."""
        return "yes or no" if self is Kind.YESNO else str(self)


def as_text(cell: Any) -> str:
    """A cell as people read it: composed characters, no NUL, whole numbers without a point, dates as ISO 8601."""
    if type(cell) is str and cell.isascii() and cell.isprintable():  # nearly every cell
        text = cell.strip()
        return text if text[:1] != "'" else _without_apostrophe(text)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**MOST_DIGITS:
        cell = int(cell)
    if isinstance(cell, datetime.datetime):
        cell = cell.isoformat(sep=" ")
    return _without_apostrophe(unicodedata.normalize("NFC", str(cell)).replace("\x00", "").strip())


def _without_apostrophe(text: str) -> str:
    found = _HARMLESS.match(text)
    return text[found.end() :] if found else text


def guess_kind(values: Iterable[object], region: str = "US") -> Kind:
    """The kind of a column from some of its cells: text, unless every one that is filled plainly is something else.

    What begins with a zero, has seven digits or more, or has four or more like all its neighbours may be a postcode, a
    year or an id, and stays text. So do numbers and dates that are not written as in `region`.
    """
    filled = [cell for cell in values if as_text(cell)]
    if not filled:
        return Kind.TEXT
    if all(isinstance(cell, bool) or _folded(as_text(cell)) in _PLAINLY_YES_OR_NO for cell in filled):
        return Kind.YESNO
    if all(_is_plain_number(cell, region) for cell in filled):
        texts = [as_text(cell) for cell in filled]
        alike = len({len(text) for text in texts}) == 1 and len(texts[0]) >= 4 and all(map(str.isdigit, texts))
        return Kind.TEXT if alike else Kind.NUMBER
    return Kind.DATE if all(_is_plain_date(cell, region) for cell in filled) else Kind.TEXT


def parse_value(kind: str, cell: object, region: str = "US") -> Value:
    """What the cell says, ready for JSON. Raises ValueError with a sentence for people."""
    match kind:
        case Kind.NUMBER:
            return _number(cell, region)
        case Kind.DATE:
            return parse_moment(cell, region)[0].isoformat()
        case Kind.YESNO:
            return _yes_or_no(cell)
        case _:
            return as_text(cell)


def show_value(kind: str, value: Any) -> str:
    """The value as pages and exports show it: `parse_value` reads the same from it, whatever the country."""
    if kind != Kind.NUMBER or isinstance(value, bool) or not isinstance(value, int | float):
        return as_text(value)
    text = format(Decimal(repr(value)), "f")
    # One to three digits and three decimals are thousands where the point groups them; a zero more is not.
    return f"{text}0" if re.fullmatch(r"-?[1-9][0-9]{0,2}\.[0-9]{3}", text) else text


def parse_moment(cell: object, region: str = "US") -> tuple[datetime.date, datetime.time | None]:
    """A day, and the time of day where the cell has one; it has a zone only where the cell says so. Raises ValueError.

    A spreadsheet stores a day as its midnight, so midnight without a zone is no time.
    """
    if isinstance(cell, datetime.datetime):
        return cell.date(), _unless_midnight(cell.timetz())
    if isinstance(cell, datetime.date):
        return cell, None
    text = as_text(cell)
    found = _MOMENT.fullmatch(text) if isinstance(cell, str) and len(text) <= LONGEST_WRITTEN else None
    if found is None:
        raise _no_date(text)
    return _date(found["date"], text, region), _time(found, text)


def _unless_midnight(time: datetime.time) -> datetime.time | None:
    return time if time.tzinfo or time != datetime.time.min else None


def _time(found: re.Match[str], text: str) -> datetime.time | None:
    if found["hour"] is None:
        return None
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0) if 1 <= hour <= 12 else 24
    zone = (found["zone"] or "").upper().replace(":", "")
    try:
        tzinfo = None
        if zone[:1] in {"+", "-"}:
            tzinfo = datetime.datetime.strptime(zone if len(zone) > 3 else f"{zone}00", "%z").tzinfo
        elif zone:
            tzinfo = datetime.UTC
        return _unless_midnight(datetime.time(hour, int(found["minute"]), int(found["second"] or 0), tzinfo=tzinfo))
    except ValueError as problem:
        raise _no_date(text) from problem


def _date(written: str, text: str, region: str) -> datetime.date:
    if found := _YEAR_FIRST.fullmatch(written):
        days = _days(found[1], (found[3], found[4]))
    elif found := _YEAR_LAST.fullmatch(written):
        in_order = {"month": (found[1], found[3]), "day": (found[3], found[1])}
        first = "month" if region in MONTH_FIRST else "day"
        days = _days(found[4], *in_order.values()) if region in EITHER_FIRST else _days(found[4], in_order[first])
        if not days and region not in EITHER_FIRST and _days(found[4], *in_order.values()):
            raise ValueError(f"{_quoted(text)} is no date with the {first} first. Write it as 2025-12-31.")
        if len(days) > 1:
            raise ValueError(f"{_quoted(text)} can be read as two dates. Write it as 2025-12-31.")
    else:
        days = _days_in_words(_folded(written))
    if not days:
        raise _no_date(text)
    return days.pop()


def _days_in_words(written: str) -> set[datetime.date]:
    if found := _DAY_MONTH.fullmatch(written):
        day, word, year = found.groups()
    elif found := _MONTH_DAY.fullmatch(written):
        word, day, year = found.groups()
    else:
        return set()
    return _days(year, (str(_MONTHS.get(word, 0)), day))


def _days(year: str, *months_and_days: tuple[str, str]) -> set[datetime.date]:
    """Those of the readings that exist."""
    days = set()
    for month, day in months_and_days:
        try:
            days.add(datetime.date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days


def _number(cell: object, region: str) -> int | float:
    text = as_text(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value: int | float = cell
    else:
        comma = region in DECIMAL_COMMA
        read = _read_number(text, "," if comma else ".")
        read = _read_number(text, "." if comma else ",") if read is None else read
        value = math.nan if read is None else read
    if not math.isfinite(value):
        raise ValueError(f"{_quoted(text)} is no number.")
    if abs(value) >= 10**MOST_DIGITS:
        raise ValueError(f"{_quoted(text)} is too long for a number; a spreadsheet would round it. Keep it as text.")
    return int(value) if value == int(value) else value


def _read_number(text: str, point: str) -> int | float | None:
    unsigned = text.replace("\N{MINUS SIGN}", "-")
    sign, unsigned = (unsigned[0], unsigned[1:]) if unsigned[:1] in {"+", "-"} else ("", unsigned)
    found = _NUMBERS[point].fullmatch(unsigned)
    if found is None:
        return None
    whole = re.sub("[^0-9]", "", found[1])
    if found[2] is None and len(whole) <= MOST_DIGITS:
        return int(f"{sign}{whole}")
    return float(f"{sign}{whole}.{found[2] or 0}")


def _yes_or_no(cell: object) -> bool:
    word = _folded(as_text(cell))
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"{_quoted(as_text(cell))} is neither yes nor no.")


def _is_plain_number(cell: object, region: str) -> bool:
    if isinstance(cell, bool):
        return False
    text = as_text(cell)
    if not isinstance(cell, int | float) and (
        text[0] == "+" or _read_number(text, "," if region in DECIMAL_COMMA else ".") is None
    ):
        return False
    digits = text.lstrip("-")
    return not re.match(r"0[0-9]", digits) and not re.match(r"[0-9]{7,}$|[^0-9]|.*[a-z]", digits)


def _is_plain_date(cell: object, region: str) -> bool:
    """A time of day would be lost, so it is not plainly a date."""
    try:
        return parse_moment(cell, region)[1] is None
    except ValueError:
        return False


def _folded(text: str) -> str:
    """In small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _no_date(text: str) -> ValueError:
    return ValueError(f"{_quoted(text)} is no date. Write it as 2025-12-31.")


def _quoted(text: str) -> str:
    return f"“{text[:LONGEST_QUOTED]}”"
