"""Which replies mean "no more texts"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.opt_outs import OPT_OUT_WORDS, is_opt_out, opt_out_word_in

# What people and phones put around and into a word without meaning anything by it.
AROUND = st.text(alphabet=" .,!?…-\"'*\n\t\u200b\u200e\u202a\u202c\u2066\u2069\ufe0f👍", max_size=6)
INSIDE = st.sampled_from(["", "\u200b", "\u200d", "\u2060", "\u00ad", "\u202e", "\ufeff"])


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOP!!",
        "Stop all",
        "STOPALL",
        "unsubscribe",
        "Cancel",
        "END",
        "quit",
        "REVOKE",
        "OPTOUT",
        "opt out",
        "Opt-Out",
        "remove",
        "TD",
        "ARRÊT",
        "arrêt",
        "FIN",
        "no más",
        "No mas!",
        "\u202eSTOP\u202c",
        "S\u200bT\u200bO\u200bP",
        "S T O P",
        "S.T.O.P.",
        "ＳＴＯＰ",
        "𝐒𝐓𝐎𝐏",
        "🇸🇹🇴🇵",
        "🆂🆃🅾🅿",
        "ST🅾️🅿️",
        "🛑",
        "🛑 STOP 🛑",
        "stop stop STOP",
    ],
)
def test_it_takes_an_opt_out_for_one(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "...", "👍", "stop by at 5?", "Don't stop", "nonstop", "the end", "YES", "START", "bus stop"],
)
def test_it_takes_nothing_else_for_one(text: str) -> None:
    assert not is_opt_out(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stop by at 5?", "stop"),
        ("please stop texting me", "stop"),
        ("Can I cancel my appointment", "cancel"),
        ("PLEASE S\u200bTOP IT", "stop"),
        ("I want to opt-out, thanks", "opt out"),
        ("see you at five", ""),
        ("that is the end of it", ""),
        ("nonstop flight", ""),
    ],
)
def test_it_finds_the_word_that_a_person_should_look_at(text: str, word: str) -> None:
    assert opt_out_word_in(text) == word


@given(st.sampled_from(sorted(OPT_OUT_WORDS)), st.data(), AROUND, AROUND)
def test_case_punctuation_and_invisible_marks_hide_no_opt_out(
    word: str, data: st.DataObject, before: str, after: str
) -> None:
    letters = [data.draw(st.sampled_from([letter, letter.upper()])) + data.draw(INSIDE) for letter in word]
    assert is_opt_out(before + "".join(letters) + after)


@given(st.text(max_size=300))
def test_it_reads_any_text_without_an_error(text: str) -> None:
    if is_opt_out(text):
        assert not is_opt_out(f"{text} see you tomorrow at noon")
    opt_out_word_in(text)
