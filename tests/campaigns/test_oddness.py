"""Texts worth a look; when all have left; what a rehearsal adds up to."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.forecasting import finish
from campaigns.oddness import oddness
from campaigns.summaries import SHOWN, Summary

NOON = datetime(2026, 11, 25, 17, tzinfo=UTC)  # in New York


@pytest.mark.parametrize(
    "text",
    [
        "Hi Maria, your visit is tomorrow at nine. Reply STOP to end.",
        "See you on Monday! More: https://example.com/a/b",
        "Hi Maria, it costs $1.50 … or so (really).",
        "Bring your card; we are at 12, Main St.",
    ],
)
def test_an_ordinary_text_is_not_odd(text: str) -> None:
    assert oddness(text) in ((0, []), (2, ["unusual characters: …"]))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Hi {{ first_name }}, your visit is tomorrow.", "braces"),
        ("Hi JosÃ©, your visit is tomorrow.", "damaged"),
        ("Hi None, your visit is tomorrow.", "says nothing"),
        ("Hi , your visit is tomorrow.", "missing before"),
        ("Hi, your visit is tomorrow at nine.", "missing before"),
        ("Your visit  is tomorrow.", "two spaces"),
        ("Your visit is is tomorrow.", "doubled"),
        ("Your visit is tomorrow at nine,, bring it.", "marks are doubled"),
        ("Your visit is tomorrow", "ends without a mark"),
        ("Your visit is tomorrow 🎉!", "unusual characters: 🎉"),
        ("Come!", "very short"),
        ("YOUR VISIT IS TOMORROW.", "capitals"),
    ],
)
def test_it_says_what_is_odd(text: str, why: str) -> None:
    weight, reasons = oddness(text)
    assert weight
    assert any(why in reason for reason in reasons)


def test_a_long_row_of_dots_is_no_work() -> None:
    """It was a cubic one: an hour for this text."""
    assert "ends without a mark" in " ".join(oddness("." * 30_000 + " and so on")[1])


def test_a_link_at_the_end_needs_no_mark() -> None:
    assert oddness("Your visit is tomorrow: example.com/a") == (0, [])


def test_leftover_braces_weigh_more_than_a_missing_mark() -> None:
    assert oddness("Hi {{ x }} there.")[0] > oddness("Your visit is tomorrow")[0]


def test_all_have_left_after_their_number_at_the_rate() -> None:
    assert finish({NOON: 600}, 10, "America/New_York") == NOON + timedelta(seconds=60)


def test_what_is_due_later_is_waited_for() -> None:
    later = NOON + timedelta(hours=3)
    assert finish({NOON: 10, later: 10}, 10, "America/New_York") == later + timedelta(seconds=1)


def test_a_daily_allowance_spreads_them_over_days_of_the_business() -> None:
    ends = finish({NOON: 250}, 10, "America/New_York", allowance=100, left_today=50)
    midnight_in_two_days = datetime(2026, 11, 27, 5, tzinfo=UTC)
    assert ends == midnight_in_two_days + timedelta(seconds=10)


def test_without_any_allowance_nobody_is_ever_texted() -> None:
    assert finish({NOON: 1}, 10, "America/New_York", allowance=0, left_today=0) is None
    assert finish({}, 10, "America/New_York") is None


def test_a_summary_survives_json_and_goes_on() -> None:
    whole, halves = Summary(), Summary()
    for index in range(40):
        for summary in (whole, halves):
            text = f"Hello {'x' * index}."
            summary.send(f"+1202555{index:04d}", text, 1, NOON, NOON, NOON + timedelta(hours=8))
        if index == 20:
            halves.hold_back("opted_out")
            halves.trim()
            halves = Summary.of(json.loads(json.dumps(halves.kept())))
    whole.hold_back("opted_out")
    for summary in (whole, halves):
        summary.trim()
    assert json.dumps(whole.kept()) == json.dumps(halves.kept())
    assert [length for length, _ in whole.longest] == [-(46 - index) for index in range(SHOWN)]
    assert whole.outcomes == {"will_send": 40, "opted_out": 1}
    assert whole.due == {"2026-11-25T17": 40}
