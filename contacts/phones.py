"""From what people and spreadsheets write to an E.164 number: the one function that every path uses. Pure.

Nothing is guessed: what cannot be read beyond doubt is refused with the reason.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

UNKNOWN_ZONE = "Etc/Unknown"
# A float holds fifteen digits exactly.
LARGEST_EXACT = 10**15
# Excel shows twelve digits and more in a narrow cell as 1.20256E+10, and saves that as text.
SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+)?E[+-]?\d+", re.IGNORECASE)
INTEGRAL_FLOAT = re.compile(r"(\+?\d{7,15})\.0+")
EXTENSION = re.compile(r"(?<![a-z])(ext|extn|extension|x|poste|durchwahl|anexo|#)\.?\s*\d+\s*$", re.IGNORECASE)
LETTERS = re.compile(r"[^\W\d_]")
SEPARATORS = re.compile(r"[/;,|&\n]|\b(?:or|and)\b", re.IGNORECASE)
INVISIBLE = {"Cf", "Cc"}  # bidi marks, zero-width characters, controls

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


class InvalidPhone(ValueError):
    """Not a number that one can text; the text is the reason in words."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid number: `e164`, its country (ISO 3166 alpha-2, or empty for none) and the kind of line."""

    e164: str
    region: str
    kind: str

    @property
    def can_receive_texts(self) -> bool:
        """False where the number plan says that no text arrives: fixed lines only, premium and the like."""
        return self.kind not in _WITHOUT_TEXTS


def parse_phone(value: object, region: str | None = "US") -> Phone:
    """The number in `value`, which may be what a spreadsheet stored as a number; `region` for those without a country.

    Raises InvalidPhone with the reason.
    """
    text = _text_of(value)
    number = _parsed(text, region)
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidPhone(_impossible(number))
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone("No such number exists: this range is not in use.")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
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


def _text_of(value: object) -> str:
    if isinstance(value, bool) or value is None:
        raise InvalidPhone("There is no number.")
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= LARGEST_EXACT:
            raise InvalidPhone("The spreadsheet has rounded this number. Store the column as text and enter it again.")
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value))
    text = "".join(
        character for character in text if unicodedata.category(character) not in INVISIBLE or character == "\n"
    )
    text = text.strip().strip("'\"").strip()
    if not text:
        raise InvalidPhone("There is no number.")
    return _repaired(text)


def _repaired(text: str) -> str:
    text = re.sub(r"^(tel|sms|phone|mobile)\s*:\s*", "", text, flags=re.IGNORECASE)
    if SCIENTIFIC.fullmatch(text):
        raise InvalidPhone("The spreadsheet has rounded this number. Store the column as text and enter it again.")
    if integral := INTEGRAL_FLOAT.fullmatch(text):
        return integral[1]
    if EXTENSION.search(text):
        raise InvalidPhone("An extension cannot receive texts. Give the direct number.")
    if SEPARATORS.search(text) and len(re.findall(r"\d", text)) > 15:
        raise InvalidPhone("There are two numbers in one cell. Keep one.")
    if LETTERS.search(text):
        raise InvalidPhone("There are letters in the number. Write digits only.")
    return text


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    if len(re.findall(r"\d", text)) > 17:
        raise InvalidPhone("There are too many digits for one number.")
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as problem:
        if problem.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise InvalidPhone("The country is missing, or there is none with this code.") from problem
        raise InvalidPhone("This is not a phone number.") from problem


def _impossible(number: phonenumbers.PhoneNumber) -> str:
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == phonenumbers.ValidationResult.TOO_SHORT:
        return "Digits are missing."
    if reason == phonenumbers.ValidationResult.TOO_LONG:
        return "There are too many digits."
    if reason == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return "The area code is missing."
    return "No number of this country has this length."
