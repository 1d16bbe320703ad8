"""Which replies mean "no more texts"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.opt_outs import OPT_OUT_WORDS, PER_SE, Reading, Words, fold, is_opt_out, read, words_of

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
    "text",
    [
        "please stop texting me",
        "Wrong number",
        "you have the wrong number, sorry",
        "Lose my number!!",
        "take me off your list please",
        "Don't text me again",
        "do not contact me",
        "leave me alone",
        "no me escriban más",
        "Número equivocado",
        "STOP please",
        "stop it",
        "opt me out",
        "退订",
        "수신거부",
        "стоп",
        "توقف",
    ],
)
def test_own_words_and_other_languages_count_as_well(text: str) -> None:
    assert read(text).reading in (Reading.STOP, Reading.DOUBT)


@pytest.mark.parametrize(
    ("text", "reading", "word"),
    [
        ("stop by at 5?", Reading.DOUBT, "stop"),
        ("STOP this terrible bill", Reading.DOUBT, "stop"),
        ("I think this is the wrong number, I am not Jane", Reading.DOUBT, "wrong number"),
        ("Can I cancel my appointment", Reading.LOOK, "cancel"),
        ("PLEASE S\u200bTOP IT TODAY", Reading.DOUBT, "stop"),
        ("I want to opt-out, thanks", Reading.DOUBT, "opt out"),
        ("don't text me before 9", Reading.DOUBT, "dont text"),
        ("START", Reading.START, "start"),
        ("Unstop!", Reading.START, "unstop"),
        ("help", Reading.HELP, "help"),
        ("see you at five", Reading.OTHER, ""),
        ("that is the end of it", Reading.OTHER, ""),
        ("nonstop flight", Reading.OTHER, ""),
        ("wrong", Reading.OTHER, ""),
        ("not", Reading.OTHER, ""),
        ("my number is 555", Reading.OTHER, ""),
        ("yes", Reading.OTHER, ""),
    ],
)
def test_it_says_what_it_read_and_by_which_word(text: str, reading: Reading, word: str) -> None:
    said = read(text)
    assert (said.reading, said.word) == (reading, word)


def test_staff_add_words_and_take_away_all_but_those_of_the_regulation() -> None:
    words = words_of(["Basta ya, genug", "no gracias"], ["BAJA\nstop, END"])
    assert words == Words(frozenset({"basta ya", "genug", "no gracias"}), frozenset({"baja", "stop", "end"}))
    assert read("GENUG!", words).reading is Reading.STOP
    assert read("jetzt genug davon", words).reading is Reading.DOUBT
    assert read("baja", words).reading is Reading.LOOK
    assert read("baja").reading is Reading.STOP
    for word in PER_SE:
        assert read(word, words).reading is Reading.STOP


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


@given(st.text(max_size=100))
def test_folding_twice_folds_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
