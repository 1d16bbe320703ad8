"""How many parts a text is charged as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sms_parts import GSM7_BASIC, GSM7_EXTENSION, count_segments

# 3GPP TS 23.038 6.2.1, by column of the code (b7 b6 b5); row 0x1B is the escape to the extension, 6.2.1.1.
COLUMNS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
BASIC = set("".join(COLUMNS)) - {"\x1b"}
# Code: character.
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert [len(column) for column in COLUMNS] == [16] * 8
    assert GSM7_BASIC == BASIC
    assert set(EXTENSION.values()) == GSM7_EXTENSION


@pytest.mark.parametrize("character", sorted(BASIC))
def test_each_basic_character_is_one_unit(character: str) -> None:
    counted = count_segments(character)
    assert (counted.alphabet, counted.units, counted.parts, counted.costly) == ("GSM-7", 1, 1, ())


@pytest.mark.parametrize("character", sorted(EXTENSION.values()))
def test_each_character_of_the_extension_is_two(character: str) -> None:
    counted = count_segments(character)
    assert (counted.alphabet, counted.units, counted.parts, counted.costly) == ("GSM-7", 2, 1, ())


def test_whatever_else_there_is_costs() -> None:
    known = BASIC | set(EXTENSION.values())
    for character in (chr(code) for code in range(0x3100) if chr(code) not in known):
        assert count_segments(f"a{character}").alphabet == "UCS-2"
        assert count_segments(f"a{character}").costly == (character,)


def counted_one_by_one(text: str) -> tuple[str, int, int]:
    """The rules read aloud: an alphabet, units, and parts that are filled unit by unit."""
    short = any(c not in BASIC and c not in EXTENSION.values() for c in text)
    units = [len(c.encode("utf-16-be")) // 2 if short else 1 + (c in EXTENSION.values()) for c in text]
    single, joined = (70, 67) if short else (160, 153)
    if sum(units) <= single:
        return "UCS-2" if short else "GSM-7", sum(units), 1
    parts = [0]
    for unit in units:
        if parts[-1] + unit > joined:
            parts.append(0)
        parts[-1] += unit
    return "UCS-2" if short else "GSM-7", sum(units), len(parts)


@given(st.text(st.sampled_from("aZ @\n`€{é’😀á"), max_size=400) | st.text(st.sampled_from("aZ @€"), max_size=700))
def test_it_counts_as_the_rules_say(text: str) -> None:
    counted = count_segments(text)
    assert (counted.alphabet, counted.units, counted.parts) == counted_one_by_one(text)


@pytest.mark.parametrize(("length", "parts"), [(0, 1), (160, 1), (161, 2), (306, 2), (307, 3)])
def test_plain_text_fits_160_then_153_a_part(length: int, parts: int) -> None:
    assert count_segments("a" * length).parts == parts


@pytest.mark.parametrize(("length", "parts"), [(70, 1), (71, 2), (134, 2), (135, 3)])
def test_one_curly_quote_makes_every_part_shorter(length: int, parts: int) -> None:
    counted = count_segments("’" + "a" * (length - 1))
    assert counted.parts == parts
    assert counted.alphabet == "UCS-2"
    assert counted.costly == ("’",)


def test_an_extension_character_counts_twice_and_is_never_cut() -> None:
    assert count_segments("€" * 80).units == 160
    assert count_segments("a" * 152 + "€" + "a" * 152).parts == 3


def test_an_emoji_counts_as_two_units() -> None:
    assert count_segments("😀").units == 2
