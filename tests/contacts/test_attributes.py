"""What a cell says where it can only mean one thing, and that it is refused where it could mean two."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.attributes import Kind, as_text, guess_kind, parse_moment, parse_value, show_value

COUNTRIES = st.sampled_from(["US", "GB", "DE", "FR", "ES", "CH", "IN", "CA", "ZZ", ""])


@pytest.mark.parametrize(
    ("written", "region", "value"),
    [
        ("1,234.5", "US", 1234.5),
        ("1,234.5", "DE", 1234.5),
        ("1.234,5", "DE", 1234.5),
        ("1.234,5", "US", 1234.5),
        ("1,234", "US", 1234),
        ("1,234", "DE", 1.234),
        ("1.234", "DE", 1234),
        ("1.234", "US", 1.234),
        ("0.125", "DE", 0.125),
        ("1234.567", "DE", 1234.567),
        ("1.234.567", "US", 1234567),
        ("12,34,567", "IN", 1234567),
        ("1 234,5", "FR", 1234.5),
        ("1\u202f234", "FR", 1234),
        ("1'234.50", "CH", 1234.5),
        ("\u22125", "US", -5),
        ("+3", "US", 3),
        ("007", "US", 7),
        ("3.00", "US", 3),
        (3.0, "US", 3),
        (2.5, "DE", 2.5),
        (12, "US", 12),
    ],
)
def test_a_number_is_read_by_what_it_can_only_be_and_else_by_the_country(
    written: object, region: str, value: float
) -> None:
    found = parse_value(Kind.NUMBER, written, region)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("twelve", "“twelve” is no number."),
        ("$12", "“$12” is no number."),
        ("12 %", "“12 %” is no number."),
        ("1,23,4", "is no number."),
        ("1,234,56", "is no number."),
        ("1.2.3", "is no number."),
        ("1e5", "is no number."),
        ("", "“” is no number."),
        (True, "“yes” is no number."),
        (float("nan"), "“nan” is no number."),
        (float("inf"), "“inf” is no number."),
        ("9" * 5_000, "is no number."),
        ("1" * 16, "is too long for a number; a spreadsheet would round it. Keep it as text."),
        (1e15, "too long for a number"),
        (datetime.date(2025, 1, 2), "is no number."),
    ],
)
def test_what_is_no_number_is_refused_in_a_sentence(written: object, sentence: str) -> None:
    refused(Kind.NUMBER, written, sentence)


@pytest.mark.parametrize(
    ("written", "region", "day"),
    [
        ("2025-03-04", "US", "2025-03-04"),
        ("2025-3-4", "DE", "2025-03-04"),
        ("2025/03/04", "GB", "2025-03-04"),
        ("03/04/2025", "US", "2025-03-04"),
        ("3/4/2025", "GB", "2025-04-03"),
        ("03.04.2025", "DE", "2025-04-03"),
        ("25.12.2025", "DE", "2025-12-25"),
        ("25-12-2025", "ES", "2025-12-25"),
        ("12/25/2025", "US", "2025-12-25"),
        ("12/25/2025", "CA", "2025-12-25"),
        ("25/12/2025", "CA", "2025-12-25"),
        ("04/04/2025", "CA", "2025-04-04"),
        ("4 March 2025", "US", "2025-03-04"),
        ("March 4, 2025", "GB", "2025-03-04"),
        ("Mar 4th 2025", "US", "2025-03-04"),
        ("04-Mar-2025", "US", "2025-03-04"),
        ("4. März 2025", "DE", "2025-03-04"),
        ("1er août 2025", "FR", "2025-08-01"),
        ("4 de marzo de 2025", "ES", "2025-03-04"),
        ("3/4/2025 10:30 AM", "US", "2025-03-04"),
        ("2025-03-04T23:59:59.123Z", "US", "2025-03-04"),
        (datetime.date(2025, 3, 4), "US", "2025-03-04"),
        (datetime.datetime(2025, 3, 4, 10, 30), "US", "2025-03-04"),
    ],
)
def test_a_date_is_read_in_the_order_of_the_country(written: object, region: str, day: str) -> None:
    assert parse_value(Kind.DATE, written, region) == day


@pytest.mark.parametrize(
    ("written", "region", "sentence"),
    [
        ("25/12/2025", "US", "“25/12/2025” is no date with the month first. Write it as 2025-12-31."),
        ("12/25/2025", "GB", "“12/25/2025” is no date with the day first. Write it as 2025-12-31."),
        ("03/04/2025", "CA", "“03/04/2025” can be read as two dates. Write it as 2025-12-31."),
        ("31/31/2025", "US", "“31/31/2025” is no date. Write it as 2025-12-31."),
        ("30/02/2025", "DE", "is no date."),
        ("03/04/25", "US", "is no date."),
        ("2025-02-30", "US", "is no date."),
        ("4 Foo 2025", "US", "is no date."),
        ("2025-03-04 25:00", "US", "is no date."),
        ("2025-03-04 13:00 PM", "US", "is no date."),
        ("2025-03-04 10:00 +99:00", "US", "is no date."),
        ("20250304", "US", "is no date."),
        (45720.0, "US", "“45720” is no date."),
        ("tomorrow", "US", "is no date."),
        ("4" * 10_000, "US", "is no date."),
        (True, "US", "“yes” is no date."),
    ],
)
def test_a_date_that_is_none_or_could_be_two_is_refused_in_a_sentence(
    written: object, region: str, sentence: str
) -> None:
    refused(Kind.DATE, written, sentence, region)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("yes|Y|TRUE|1|x|X|Sí|oui|vrai|ja|wahr|verdadero|✓", True),
        ("no|N|False|0|non|faux|nein|falsch|falso", False),
    ],
)
def test_yes_and_no_are_known_in_four_languages(words: str, value: bool) -> None:
    assert {word: parse_value(Kind.YESNO, word) for word in words.split("|")} == dict.fromkeys(words.split("|"), value)
    assert parse_value(Kind.YESNO, value) is value
    assert parse_value(Kind.YESNO, float(value)) is value


@pytest.mark.parametrize("word", ["maybe", "2", "", "yes and no"])
def test_what_is_neither_yes_nor_no_is_refused_in_a_sentence(word: str) -> None:
    refused(Kind.YESNO, word, f"“{word}” is neither yes nor no.")


def refused(kind: Kind, cell: object, sentence: str, region: str = "US") -> None:
    with pytest.raises(ValueError, match=r"\.$") as refusal:
        parse_value(kind, cell, region)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([], "text"),
        ([None, " "], "text"),
        (["Ann", "7"], "text"),
        (["1", None, "30"], "number"),
        (["0", "1"], "number"),
        (["-5", "10.5"], "number"),
        (["1,234.50", "12"], "number"),
        ([1.0, 2.5], "number"),
        ([2019, 2020], "text"),
        (["20001", "10001"], "text"),
        (["02134", "1"], "text"),
        (["1234567", "1"], "text"),
        ([12025550123.0], "text"),
        (["+5"], "text"),
        (["1.234,5", "7"], "text"),
        (["1e5", "7"], "text"),
        ([1e300], "text"),
        (["x", "x"], "text"),
        (["S", "M"], "text"),
        (["yes", "No", None], "yesno"),
        ([True, False], "yesno"),
        (["ja", "nein"], "yesno"),
        (["2025-01-02", datetime.date(2025, 1, 3)], "date"),
        (["03/04/2025"], "date"),
        (["03/04/2025", "25/12/2025"], "text"),
        (["2025-01-02 10:30"], "text"),
        ([datetime.datetime(2025, 1, 2)], "date"),
        (["2025-01-02", "soon"], "text"),
    ],
)
def test_a_kind_is_guessed_only_where_every_cell_plainly_is_of_it(cells: list[object], kind: str) -> None:
    assert guess_kind(cells) == kind


def test_numbers_and_dates_are_plain_in_the_writing_of_their_country() -> None:
    assert guess_kind(["1.234,5", "7"], "DE") == Kind.NUMBER
    assert guess_kind(["03/04/2025", "25/12/2025"], "GB") == Kind.DATE


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.text("0123456789.,-/ '", max_size=12),
    st.dates(),
    st.datetimes(),
    st.times(),
)


@given(st.sampled_from(Kind), CELLS, COUNTRIES, COUNTRIES)
def test_what_is_shown_is_read_as_the_same_in_every_country(kind: Kind, cell: Any, region: str, elsewhere: str) -> None:
    try:
        value = parse_value(kind, cell, region)
    except ValueError:
        return
    assert parse_value(kind, show_value(kind, value), elsewhere) == value


@given(st.floats(min_value=-999_999, max_value=999_999).map(lambda value: round(value, 3)), COUNTRIES)
def test_three_decimals_are_never_taken_for_thousands(value: float, region: str) -> None:
    assert parse_value(Kind.NUMBER, show_value(Kind.NUMBER, value), region) == value


@given(st.lists(CELLS, max_size=6), COUNTRIES)
def test_a_guessed_kind_reads_every_cell_that_is_filled(cells: list[Any], region: str) -> None:
    kind = guess_kind(cells, region)
    for cell in cells:
        if as_text(cell):
            parse_value(kind, cell, region)


def test_a_value_is_shown_as_people_write_it() -> None:
    shown = [show_value(Kind.NUMBER, value) for value in (1.5, 3, 1e-7, 1.234)]
    assert shown == ["1.5", "3", "0.0000001", "1.2340"]
    assert [show_value(Kind.YESNO, value) for value in (True, False)] == ["yes", "no"]
    assert show_value(Kind.DATE, "2025-03-04") == "2025-03-04"
    # Written before the attribute had its kind.
    assert [show_value(Kind.NUMBER, "about 3"), show_value(Kind.YESNO, "perhaps")] == ["about 3", "perhaps"]


@pytest.mark.parametrize(
    ("written", "day", "time"),
    [
        ("2025-03-04", (2025, 3, 4), None),
        ("2025-03-04 00:00:00", (2025, 3, 4), None),
        (datetime.datetime(2025, 3, 4), (2025, 3, 4), None),
        ("3/4/2025 3:05 PM", (2025, 3, 4), datetime.time(15, 5)),
        ("3/4/2025, 12:05 a.m.", (2025, 3, 4), datetime.time(0, 5)),
        ("2025-03-04T10:30Z", (2025, 3, 4), datetime.time(10, 30, tzinfo=datetime.UTC)),
        ("2025-03-04 00:00 UTC", (2025, 3, 4), datetime.time(0, 0, tzinfo=datetime.UTC)),
        (
            "2025-03-04T10:30:15+02:00",
            (2025, 3, 4),
            datetime.time(10, 30, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
        ),
        (
            "2025-03-04 10:30 -05",
            (2025, 3, 4),
            datetime.time(10, 30, tzinfo=datetime.timezone(-datetime.timedelta(hours=5))),
        ),
    ],
)
def test_a_moment_is_a_day_with_the_time_and_zone_that_the_cell_names(
    written: object, day: tuple[int, int, int], time: datetime.time | None
) -> None:
    assert parse_moment(written) == (datetime.date(*day), time)


def test_every_kind_has_a_word_for_staff() -> None:
    assert [kind.label for kind in Kind] == ["text", "number", "date", "yes or no"]
