"""How many parts a text is charged as."""

import pytest

from campaigns.sms_parts import GSM7_BASIC, GSM7_EXTENSION, count_segments


def test_the_alphabets_have_the_size_of_the_standard() -> None:
    assert len(GSM7_BASIC) == 127  # 128 positions, one of which is the escape
    assert len(GSM7_EXTENSION) == 10


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
