"""What an agent is told, in the kind that its task expects. Pure.

A value that is not of its kind is refused with a sentence; a date without a zone, for instance, is a different instant
for everybody who reads it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from contacts.attributes import parse_value
from contacts.phones import InvalidPhone, parse_phone

Value = str | int | float | bool
# The habit of a country matters only to what people write with commas and points.
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
LONGEST_SHOWN = 60


class WrongValue(ValueError):
    """The value is not of its kind; the text is a sentence that says how to write it."""


def typed(kind: str, value: object, region: str = "US") -> Value:
    """The value ready for JSON; `region` (ISO 3166 alpha-2) for numbers that name no country. Raises WrongValue."""
    return _READERS.get(kind, _text)(value, region)


def _text(value: object, region: str) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(value: object, region: str) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if _PLAIN_NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    try:
        return parse_value("number", text, region)
    except ValueError as problem:
        raise WrongValue(f"{_quoted(value)} is not a number.") from problem


def _yes_or_no(value: object, region: str) -> Value:
    if isinstance(value, bool):
        return value
    try:
        return parse_value("yesno", str(value), region)
    except ValueError as problem:
        raise WrongValue(f"{_quoted(value)} is neither yes nor no.") from problem


def _phone(value: object, region: str) -> Value:
    try:
        return parse_phone(str(value), region).e164
    except InvalidPhone as problem:
        raise WrongValue(f"{_quoted(value)} is not a phone number: {problem}") from problem


def _moment(value: object, region: str) -> Value:
    text = str(value).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise WrongValue(f"{_quoted(value)} is not a date and time. {_MOMENT_SHAPE}") from problem
    if len(text) < len("2030-01-07T14:00") or moment.tzinfo is None:
        raise WrongValue(f"{_quoted(value)} does not say the time and its zone. {_MOMENT_SHAPE}")
    return (
        moment.isoformat().replace("+00:00", "Z") if moment.utcoffset() == UTC.utcoffset(None) else moment.isoformat()
    )


_MOMENT_SHAPE = "Write it like 2030-01-07T14:00:00-05:00, or with a Z at the end for UTC."
_READERS: dict[str, Callable[[object, str], Value]] = {
    "text": _text,
    "number": _number,
    "yesno": _yes_or_no,
    "phone": _phone,
    "moment": _moment,
}


def _quoted(value: object) -> str:
    text = str(value)
    return f"“{text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '…'}”"
