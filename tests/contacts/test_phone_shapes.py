"""The quick way to read a number answers exactly as the library does, or leaves the answer to it."""

import random
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts import phone_shapes, phones
from contacts.phones import InvalidPhone, Phone, parse_phone

REGIONS = ["US", "CA", "GB", "AU", "DE", "ES", "FR", "IE", "MX", "NZ", "IT", "BR", "IN", "JP", "AR", "SG", None]
SPELLINGS = (
    "{}{}{}", "({}) {}-{}", "({}){}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}", "+1{}{}{}", "+1 ({}) {}-{}", "1{}{}{}",
    "1-{}-{}-{}", "1 {} {} {}", "+1.{}.{}.{}",
)  # fmt: skip
EXAMPLES = [
    (region, number)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in range(11)
    if (number := phonenumbers.example_number_for_type(region, kind))
]
CASES = 20_000


def by_library(text: str, region: str | None) -> Any:
    """What the slow way says: the number, or the code of the refusal."""
    try:
        return phones._read_by_library(phones._cleaned(text), region)
    except InvalidPhone as problem:
        return problem.code


def agree(text: str, region: str | None) -> bool:
    """Whether the quick way answered; it must not differ where it did."""
    quick = phone_shapes.read(text, region)
    if quick is None:
        return False
    assert Phone(*quick) == by_library(text, region), (text, region)
    return True


def near_an_example(chance: random.Random) -> tuple[str, str | None]:
    region, number = chance.choice(EXAMPLES)
    digits = list(str(number.national_number))
    for _ in range(chance.choice((0, 0, 1, 2))):
        digits[chance.randrange(len(digits))] = chance.choice("0123456789")
    national = "".join(digits) + chance.choice(("", "", "", "1"))
    if chance.random() < 0.5:
        return f"+{number.country_code}{chance.choice(('', ' '))}{national}", chance.choice(REGIONS)
    return chance.choice(("", "", str(number.country_code))) + national, chance.choice((region, chance.choice(REGIONS)))


def as_north_america_writes(chance: random.Random) -> tuple[str, str | None]:
    parts = (f"{chance.randrange(1000):03d}", f"{chance.randrange(1000):03d}", f"{chance.randrange(10_000):04d}")
    return chance.choice(SPELLINGS).format(*parts), chance.choice(REGIONS)


@pytest.mark.parametrize("write", [near_an_example, as_north_america_writes])
def test_both_ways_agree(write: Any) -> None:
    chance = random.Random(20_261_123)
    quick = sum(agree(*write(chance)) for _ in range(CASES // 2))
    assert quick > CASES / 20, "the quick way answered next to nothing, so nothing was compared"


def test_an_example_of_every_country_and_kind() -> None:
    for region, number in EXAMPLES:
        agree(f"+{number.country_code}{number.national_number}", region)
        agree(str(number.national_number), region)


@given(text=st.from_regex(r"\+?[0-9 .()-]{5,20}", fullmatch=True), region=st.sampled_from(REGIONS))
@settings(deadline=None)
def test_whatever_digits_and_marks_there_are(text: str, region: str | None) -> None:
    agree(text, region)


@pytest.mark.parametrize("written", ["(202) 555-0123", "202-555-0123", "202.555.0123", "2025550123", "+12025550123",
                                     "+1 (202) 555-0123", "12025550123", "1-202-555-0123"])  # fmt: skip
def test_the_usual_spellings_are_quick(written: str) -> None:
    assert phone_shapes.read(written, "US") == ("+12025550123", "US", "fixed or mobile")


@pytest.mark.parametrize("value", [2025550123, 12025550123, 2025550123.0])
def test_numbers_of_a_sheet_are_read_alike(value: float) -> None:
    assert parse_phone(value, "US").e164 == "+12025550123"
