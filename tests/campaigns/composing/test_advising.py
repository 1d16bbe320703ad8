"""Warnings about a message, and the click that mends each."""

import pytest

from campaigns.composing import compile_text
from campaigns.composing.advising import Repair, advice, mended
from campaigns.composing.shorteners import shorteners_in


def words(source: str, *, first_texts: bool = True) -> str:
    given = advice(source, compile_text(source), "Riverside Clinic", first_texts=first_texts)
    return "\n".join(one.words for one in given)


@pytest.mark.parametrize(
    "source",
    [
        "STOP ends it",
        "Reply STOP to opt out.",
        "Text “stop” to end",
        "reply with stop",
        "To unsubscribe, answer no",
        "Opt-out: no",
    ],
)
def test_a_way_to_opt_out_is_found(source: str) -> None:
    assert "opt out" not in words(source)


@pytest.mark.parametrize("source", ["Stop by our office", "Your bus stop moved", "It will not stop raining"])
def test_a_stop_of_another_kind_is_none(source: str) -> None:
    assert "does not say how to opt out" in words(source)


def test_a_first_text_says_who_writes() -> None:
    assert "does not say “Riverside Clinic”" in words("Hi, STOP")
    assert "does not say" not in words("riverside clinic: hi, STOP")
    assert "does not say" not in words("{{ business_name }}: hi, STOP")
    assert "does not say" not in words("Hi, STOP", first_texts=False)


def test_characters_that_cost_are_named() -> None:
    assert "’ …" in words("It’s … STOP")
    assert "(non-breaking space)" in words("9\u00a0am STOP")
    assert "no cheaper form" in words("á STOP")


def test_an_empty_fallback_is_a_gap() -> None:
    assert "fallback of “first_name” is empty" in words('Hi {{ first_name | default: "" }}')


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("see https://bit.ly/abc and tinyurl.com/x, bit.ly/abc", ["bit.ly", "tinyurl.com"]),
        ("WWW.BIT.LY/abc", ["bit.ly"]),
        ("see https://example.com/bit.ly/x", []),
        ("mail a@bit.ly/x", []),
        ("https://notbit.ly/x, https://intel.ly/y", []),
        ("about t.co is all", []),
    ],
)
def test_public_shorteners_are_found_in_links_alone(text: str, hosts: list[str]) -> None:
    assert shorteners_in(text) == hosts


@pytest.mark.parametrize(
    ("source", "repair", "better"),
    [
        ("It’s", Repair.CHARACTERS, "It's"),
        ("Hi ", Repair.OPT_OUT, "Hi Reply STOP to opt out."),
        ("Hi", Repair.NAME, "{{ business_name }}: Hi"),
    ],
)
def test_one_click_mends_it(source: str, repair: Repair, better: str) -> None:
    assert mended(source, repair) == better
    assert all(
        one.repair != repair for one in advice(better, compile_text(better), "Riverside Clinic", first_texts=True)
    )
