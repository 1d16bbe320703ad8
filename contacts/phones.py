"""From what people and spreadsheets write to an E.164 number: the one function that every path uses. Pure.

Nothing is guessed: what cannot be read beyond doubt is refused with the reason.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers.timezone import time_zones_for_number

from contacts import phone_shapes
from contacts.phone_shapes import MOST_DIGITS

UNKNOWN_ZONE = "Etc/Unknown"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# A cell can hold a book; no way of writing one number is longer.
LONGEST = 100
# Excel shows a long number in a narrow cell as 1.20256E+10, and saves that as the text of a CSV file.
SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+)?\s*E\s*[+-]?\d+", re.IGNORECASE)
# Such a text, read back as a number, has six digits at most and zeros for the rest, so an eleven-digit number ends in
# five zeros or more; four are refused to be safe. Three occur in real numbers (555-1000) and are taken.
ROUNDED = re.compile(r"\d{4,}0000")
NUMBER_AS_TEXT = re.compile(r"\+?(\d{7,15})\.0+")  # 12025550123.0: a float that a program wrote out
QUOTED_FORMULA = re.compile(r'="([^"]*)"')  # how exports keep Excel from reading a number
AROUND = " \n'\"`"
PREFIX = re.compile(r"^(?:tel|sms|phone|mobile)\s*:\s*", re.IGNORECASE)
EXTENSION = re.compile(r"(?<![^\W\d_])(?:extension|extn?|x|poste|durchwahl|anexo|#)[.:=]*\s*\d+\W*$", re.IGNORECASE)
LETTERS = re.compile(r"[^\W\d_]")
WORDS_BETWEEN = re.compile(r"\d\W*\b(?:or|and|o|y|ou|et|oder|und)\b\W*\+?\d", re.IGNORECASE)
SEPARATORS = re.compile(r"[\n;|&,]|:::|(?<=\d)\s+(?=\+)")
ISO_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d(?:[ T].*)?")
# What may stand between digits, dashes of all kinds being turned into one before.
ODD = re.compile(r"[^\d\s+()\[\]./#-]")

_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed or mobile",
    PhoneNumberType.VOIP: "internet",
    PhoneNumberType.TOLL_FREE: "toll-free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared cost",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
_WITHOUT_TEXTS = {"fixed", "premium", "shared cost", "pager", "voicemail"}
# Code → reason; the code is for programs, the sentence for people.
_REASONS = {
    "empty": "There is no number.",
    "rounded": "The spreadsheet has rounded this number. Format the column as text and enter it again.",
    "date": "This is a date, not a phone number.",
    "extension": "An extension cannot receive texts. Give the direct number.",
    "two_numbers": "There are two numbers in one cell. Keep one.",
    "letters": "There are letters in the number. Write digits only.",
    "not_a_number": "This is not a phone number.",
    "cut_off": "The number ends in dots, so digits may be missing. Write it in full.",
    "no_country": "The country is missing. Start the number with + and the country code.",
    "no_such_country": "No country has this code. Check the digits after the +.",
    "too_short": "Digits are missing.",
    "too_long": "There are too many digits. If the number begins with a country code, put a + in front.",
    "no_area_code": "The area code is missing.",
    "wrong_length": "No number of this country has this length.",
    "not_in_use": "No such number exists: this range is not in use.",
}
_IMPOSSIBLE = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "no_area_code",
    ValidationResult.INVALID_COUNTRY_CODE: "no_such_country",
    ValidationResult.INVALID_LENGTH: "wrong_length",
}


class InvalidPhone(ValueError):
    """Not a number that one can text; the text is the reason in words, `code` the same for programs."""

    def __init__(self, code: str) -> None:
        super().__init__(_REASONS[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid number: `e164`, its country (ISO 3166 alpha-2, 001 for a number of the whole world), its kind of line."""

    e164: str
    region: str
    kind: str

    @property
    def can_receive_texts(self) -> bool:
        """False where the number plan says that no text arrives: fixed lines only, premium and the like."""
        return self.kind not in _WITHOUT_TEXTS


def parse_phone(value: object, region: str | None = "US") -> Phone:
    """The number in `value`, which may be what a spreadsheet stored as a number; `region` for those without a country.

    Raises InvalidPhone with the reason, and nothing else whatever the value.
    """
    if isinstance(value, str) and (plain := phone_shapes.read(value, region)) is not None:
        return Phone(*plain)
    if not isinstance(value, int | float):
        return _read_by_library(_cleaned(value), region)
    digits = _digits_of_number(value)
    plain = phone_shapes.read(digits, region)
    return Phone(*plain) if plain is not None else _read_by_library(digits, region)


def _read_by_library(text: str, region: str | None) -> Phone:
    number = _parsed(text, region)
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != ValidationResult.IS_POSSIBLE:
        raise InvalidPhone(_IMPOSSIBLE.get(length, "wrong_length"))
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone("not_in_use")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not E164.fullmatch(e164):  # the library knows a few that are longer than the standard allows
        raise InvalidPhone("wrong_length")
    kind = _KINDS.get(phonenumbers.number_type(number), "other")
    return Phone(e164, phonenumbers.region_code_for_number(number) or "", kind)


@lru_cache(maxsize=65_536)
def time_zones(e164: str) -> tuple[str, ...]:
    """The IANA zones that the number may stand for; empty where the number plan does not say."""
    try:
        zones = time_zones_for_number(phonenumbers.parse(e164))
    except NumberParseException:
        return ()
    return tuple(zone for zone in zones if zone != UNKNOWN_ZONE)


def pretty(e164: str) -> str:
    """The number as people read it, with its country."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return e164


def last_digits(e164: str, count: int = 4) -> str:
    """The end of the number: enough to recognise it, too little to text it."""
    return e164.lstrip("+")[-count:]


def _digits_of_number(value: float) -> str:
    """A cell that a sheet stored as a number. Sheets keep whole numbers as floats, so both are judged alike."""
    if isinstance(value, bool):
        raise InvalidPhone("not_a_number")
    if isinstance(value, float) and not value.is_integer():  # so are infinity and NaN
        raise InvalidPhone("rounded")
    whole = int(value)
    if abs(whole) >= 10**MOST_DIGITS:  # a float holds as many exactly
        raise InvalidPhone("rounded")
    if whole <= 0:
        raise InvalidPhone("not_a_number" if whole else "empty")
    return _not_rounded(str(whole))


def _not_rounded(digits: str) -> str:
    if ROUNDED.fullmatch(digits):
        raise InvalidPhone("rounded")
    return digits


def _cleaned(value: object) -> str:
    """The text with nothing left in it but digits, a plus and punctuation. Raises InvalidPhone."""
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        raise InvalidPhone("date")
    if value is not None and not isinstance(value, str):
        raise InvalidPhone("not_a_number")
    text = _plain(value or "")
    if not text:
        raise InvalidPhone("empty")
    if SCIENTIFIC.fullmatch(text):
        raise InvalidPhone("rounded")
    if written_out := NUMBER_AS_TEXT.fullmatch(text):
        return _not_rounded(written_out[1]) if text[0] != "+" else f"+{_not_rounded(written_out[1])}"
    _refuse_more_than_a_number(text)
    return f"+{text[2:]}" if text.startswith("00") else text


def _plain(text: str) -> str:
    """One alphabet, one dash, no invisible marks, no quotes or `tel:` around."""
    text = text.strip()
    if len(text) > LONGEST:
        raise InvalidPhone("not_a_number")
    text = "".join(_plain_character(character) for character in unicodedata.normalize("NFKC", text)).strip()
    if formula := QUOTED_FORMULA.fullmatch(text):
        text = formula[1]
    return PREFIX.sub("", text.strip(AROUND), count=1).strip(AROUND)


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if character.isspace():
        return "\n" if character in "\n\r\v\f\x85\u2028\u2029" else " "
    # Bidi and zero-width marks, controls, and signs like a telephone or a check mark.
    return "" if category in ("Cf", "Cc", "So", "Mn") else character


def _refuse_more_than_a_number(text: str) -> None:
    if ISO_DATE.fullmatch(text):
        raise InvalidPhone("date")
    if EXTENSION.search(text):
        raise InvalidPhone("extension")
    if WORDS_BETWEEN.search(text) or _separated(text) or _two_around_a_slash(text):
        raise InvalidPhone("two_numbers")
    if LETTERS.search(text):
        raise InvalidPhone("letters")
    if re.search(r"\d\s*\.\s*\.[\s.]*$", text):
        raise InvalidPhone("cut_off")
    if ODD.search(text) or not _count(text):
        raise InvalidPhone("not_a_number")


def _separated(text: str) -> bool:
    parts = [_count(part) for part in SEPARATORS.split(text)]
    if len(parts) == 1:  # too many for one, so a blank stands between two
        return _count(text) > MOST_DIGITS and sum(_count(part) >= 7 for part in text.split()) > 1
    return sum(count >= 7 for count in parts) > 1 or ("," not in text and sum(count > 0 for count in parts) > 1)


def _count(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _two_around_a_slash(text: str) -> bool:
    """030/1234567 is one number; 5550123/5550124 and 030 1234567/68 (…67 and …68) are two."""
    before, slash, after = text.rpartition("/")
    if not slash:
        return False
    digits_before, digits_after = _count(before), _count(after)
    area_code_at_most = 9 if before.lstrip("( ").startswith(("+", "00")) else 6
    return 0 < digits_after < 4 or (digits_after >= 7 and digits_before > area_code_at_most)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as problem:
        raise InvalidPhone(_unparsable(text, problem.error_type)) from problem
    if number.extension:
        raise InvalidPhone("extension")
    return number


def _unparsable(text: str, error: int) -> str:
    if error == NumberParseException.INVALID_COUNTRY_CODE:
        return "no_such_country" if text.lstrip("([ ").startswith("+") else "no_country"
    if error == NumberParseException.TOO_LONG:
        return "too_long"
    if error in (NumberParseException.TOO_SHORT_NSN, NumberParseException.TOO_SHORT_AFTER_IDD):
        return "too_short"
    return "not_a_number"
