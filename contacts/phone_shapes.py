"""Ordinary numbers, read without the library's parser and with exactly its answers. Pure.

The shapes are compiled from the metadata of the installed phonenumbers library, a calling code when it first occurs.
Only what is canonical beyond doubt is answered here: whole digits of a valid length that match a kind of line, with
nothing in front that the library might take for a trunk or an international prefix. Everything else, and every
refusal, is the library's; `tests/contacts/test_phone_shapes.py` compares the two.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    REGION_CODE_FOR_NON_GEO_ENTITY,
    PhoneMetadata,
    PhoneNumberDesc,
    country_code_for_region,
)

FEWEST_DIGITS = 7
MOST_DIGITS = 15  # of an E.164 number, without its plus
NORTH_AMERICA = "1"
# Digits alone, or after a plus in groups with one blank between them.
PLAIN = re.compile(r"\+?[1-9][0-9]{6,14}|\+[1-9][0-9]*(?: [0-9]+)+")
# The ways in which North America writes its numbers.
NORTH_AMERICAN = re.compile(
    r"(\+)?(?:1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-]?)[2-9][0-9]{2}[ .-]?[0-9]{4}", re.ASCII
)
_PUNCTUATION = str.maketrans("", "", " ().-")
_LONGEST = 20
# The order in which the library asks what kind of line a number is; the first that matches counts.
_SPECIAL = (
    ("premium_rate", "premium"),
    ("toll_free", "toll-free"),
    ("shared_cost", "shared cost"),
    ("voip", "internet"),
    ("personal_number", "personal"),
    ("pager", "pager"),
    ("uan", "company"),
    ("voicemail", "voicemail"),
)


@dataclass(frozen=True, slots=True)
class _Region:
    """One country of a calling code: `kinds` matches a whole national number and names the kind by its group."""

    code: str
    leading: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    kinds: re.Pattern[str]
    names: dict[str, str]
    lengths: frozenset[int]


def read(text: str, region: str | None) -> tuple[str, str, str] | None:
    """E.164, country and kind of line of a number that is plainly one; None for whatever the library must judge."""
    if len(text) > _LONGEST:
        return None
    if PLAIN.fullmatch(text):
        if text[0] == "+":
            return _international(text[1:].replace(" ", ""))
        return _national(text, region) if region else None
    found = NORTH_AMERICAN.fullmatch(text)
    if found and (found[1] or _calling_code(region) == NORTH_AMERICA):
        digits = text.translate(_PUNCTUATION)
        return _international(digits[1:]) if found[1] else _national(digits, region)
    return None


def _international(digits: str) -> tuple[str, str, str] | None:
    for length in (1, 2, 3):  # no calling code is the beginning of another
        code = digits[:length]
        if regions := _regions(code):
            return _valid(code, digits[length:], regions)
    return None


def _national(digits: str, region: str | None) -> tuple[str, str, str] | None:
    code = _calling_code(region)
    if code == NORTH_AMERICA and len(digits) == 11 and digits[0] == "1":
        return _international(digits)
    regions = _regions(code)
    if not regions or (dialled := _international_prefix(region)) is None or dialled.match(digits):
        return None
    return _valid(code, digits, regions)


def _valid(code: str, national: str, regions: tuple[_Region, ...]) -> tuple[str, str, str] | None:
    main = regions[0]
    if not FEWEST_DIGITS <= len(code) + len(national) <= MOST_DIGITS or len(national) not in main.lengths:
        return None
    if national[:1] == "0" or (main.prefix and main.prefix.match(national)):
        return None
    for region in regions:
        if region.leading is not None:
            if not region.leading.match(national):
                continue
            found = region.kinds.fullmatch(national)
        else:
            found = region.kinds.fullmatch(national)
            if found is None and len(regions) > 1:
                continue
        if found is None or found.lastgroup is None:
            return None
        return f"+{code}{national}", region.code, region.names[found.lastgroup]
    return None


@cache
def _calling_code(region: str | None) -> str:
    return str(country_code_for_region(region)) if region else ""


@cache
def _international_prefix(region: str) -> re.Pattern[str] | None:
    """What is dialled there before a calling code."""
    metadata = PhoneMetadata.metadata_for_region(region)
    return re.compile(metadata.international_prefix) if metadata and metadata.international_prefix else None


@cache
def _regions(code: str) -> tuple[_Region, ...]:
    """The countries of a calling code, the main one first; none where the code is nobody's or the whole world's."""
    codes = COUNTRY_CODE_TO_REGION_CODE.get(int(code) if code.isdigit() else 0, ())
    if REGION_CODE_FOR_NON_GEO_ENTITY in codes:
        return ()
    return tuple(_compiled(region) for region in codes)


def _compiled(region: str) -> _Region:
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None  # noqa: S101  # every region of a calling code has both
    assert metadata.general_desc is not None  # noqa: S101
    groups, names = [], {}
    for index, (kind, pattern) in enumerate(_kinds(metadata)):
        groups.append(f"(?P<k{index}>{pattern})")
        names[f"k{index}"] = kind
    general = _described(metadata.general_desc) or "(?!)"
    prefix = metadata.national_prefix_for_parsing
    return _Region(
        code=region,
        leading=re.compile(metadata.leading_digits) if metadata.leading_digits else None,
        prefix=re.compile(prefix) if prefix else None,
        kinds=re.compile(rf"(?=(?:{general})\Z)(?:{'|'.join(groups)})"),
        names=names,
        lengths=frozenset(metadata.general_desc.possible_length),
    )


def _kinds(metadata: PhoneMetadata) -> Iterator[tuple[str, str]]:
    """Kind and pattern, in the library's order."""
    for name, kind in _SPECIAL:
        if pattern := _described(getattr(metadata, name)):
            yield kind, pattern
    fixed, mobile = _described(metadata.fixed_line), _described(metadata.mobile)
    if fixed and (metadata.same_mobile_and_fixed_line_pattern or mobile):
        yield "fixed or mobile", fixed if metadata.same_mobile_and_fixed_line_pattern else rf"(?=(?:{mobile})\Z){fixed}"
    if fixed:
        yield "fixed", fixed
    if mobile and not metadata.same_mobile_and_fixed_line_pattern:
        yield "mobile", mobile


def _described(description: PhoneNumberDesc | None) -> str:
    """A pattern for whole numbers of the lengths that the description allows."""
    if description is None or not description.national_number_pattern:
        return ""
    lengths = "|".join(f"[0-9]{{{length}}}" for length in description.possible_length if length > 0)
    ahead = rf"(?=(?:{lengths})\Z)" if lengths else ""
    return f"{ahead}(?:{description.national_number_pattern})"
