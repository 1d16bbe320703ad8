"""When a text may leave."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.windows import Rule, Window, hours_of, local_time, next_window, openings

EVERY_DAY = frozenset(range(1, 8))
BUSINESS = (Rule(EVERY_DAY, time(9), time(20)),)
ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "Europe/London",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Havana",  # clocks change at midnight
    "Pacific/Apia",
]


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def found(now: datetime, *zones: str, rules: tuple[Rule, ...] = BUSINESS) -> Window:
    window = next_window(now, zones, rules)
    assert window is not None
    return window


def test_an_open_window_opens_now_and_closes_tonight() -> None:
    now = at("2026-11-23 12:00", "America/New_York")
    window = found(now, "America/New_York")
    assert (window.opens, window.closes) == (now, at("2026-11-23 20:00", "America/New_York"))


def test_at_the_closing_minute_it_waits_for_the_morning() -> None:
    window = found(at("2026-11-23 20:00", "America/New_York"), "America/New_York")
    assert window.opens == at("2026-11-24 09:00", "America/New_York")


def test_the_strictest_of_several_zones_wins() -> None:
    window = found(at("2026-11-23 06:00", "America/New_York"), "America/New_York", "America/Los_Angeles")
    assert window.opens == at("2026-11-23 09:00", "America/Los_Angeles")
    assert window.closes == at("2026-11-23 20:00", "America/New_York")


def test_the_strictest_of_several_rules_wins_on_each_day() -> None:
    rules = (
        *BUSINESS,
        Rule(EVERY_DAY, time(8), time(21)),
        Rule(frozenset([7]), time(12), time(21)),
        Rule(frozenset([6]), time(10), time(17)),
    )
    assert hours_of(date(2026, 11, 27), rules) == (time(9), time(20))  # a Friday
    assert hours_of(date(2026, 11, 28), rules) == (time(10), time(17))
    assert hours_of(date(2026, 11, 29), rules) == (time(12), time(20))


def test_a_closed_day_is_waited_out() -> None:
    rules = (*BUSINESS, Rule(frozenset([6, 7]), time(0), time(0)))
    window = found(at("2026-11-27 20:30", "America/Chicago"), "America/Chicago", rules=rules)
    assert window.opens == at("2026-11-30 09:00", "America/Chicago")


def test_a_rule_binds_from_its_first_day_through_its_last() -> None:
    rule = Rule(EVERY_DAY, time(12), time(13), date(2026, 3, 2), date(2026, 3, 3))
    bound = [hours_of(date(2026, 3, day), (*BUSINESS, rule)) for day in (1, 2, 3, 4)]
    assert bound == [(time(9), time(20)), (time(12), time(13)), (time(12), time(13)), (time(9), time(20))]


def test_a_week_without_an_hour_has_no_window() -> None:
    rules = (*BUSINESS, Rule(EVERY_DAY, time(20), time(22)))
    assert next_window(at("2026-11-23 12:00", "UTC"), ["America/New_York"], rules) is None


def test_zones_without_a_common_hour_have_no_window() -> None:
    assert next_window(at("2026-11-23 12:00", "UTC"), ["America/New_York", "Asia/Shanghai"], BUSINESS) is None


def test_no_zone_is_no_window() -> None:
    assert next_window(datetime.now(UTC), [], BUSINESS) is None


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_it_keeps_to_the_clock_when_the_clocks_go_forward_and_back(day: str) -> None:
    window = found(at(f"{day} 00:30", "America/New_York"), "America/New_York")
    assert (window.opens, window.closes) == (
        at(f"{day} 09:00", "America/New_York"),
        at(f"{day} 20:00", "America/New_York"),
    )


def test_an_hour_that_the_clock_skips_opens_after_the_gap_and_closes_before_it() -> None:
    early = (Rule(EVERY_DAY, time(2, 30), time(5)),)
    late = (Rule(EVERY_DAY, time(0, 30), time(2, 30)),)
    midnight = at("2026-03-08 00:10", "America/New_York")
    assert found(midnight, "America/New_York", rules=early).opens == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert found(midnight, "America/New_York", rules=late).closes == datetime(2026, 3, 8, 6, 30, tzinfo=UTC)


def test_an_hour_that_the_clock_shows_twice_opens_the_second_and_closes_the_first_time() -> None:
    early = (Rule(EVERY_DAY, time(1, 30), time(5)),)
    late = (Rule(EVERY_DAY, time(0, 15), time(1, 30)),)
    midnight = at("2026-11-01 00:10", "America/New_York")
    assert found(midnight, "America/New_York", rules=early).opens == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert found(midnight, "America/New_York", rules=late).closes == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_wall_clock_time_in_several_zones_is_when_it_has_come_in_all() -> None:
    wall = datetime(2026, 7, 1, 10)
    assert local_time(wall, ["America/New_York", "America/Chicago"]) == at("2026-07-01 10:00", "America/Chicago")


hours = st.tuples(st.times(), st.times()).map(sorted).filter(lambda pair: pair[0] < pair[1])
rules = st.lists(
    st.builds(lambda days, pair: Rule(days, *pair), st.frozensets(st.integers(1, 7), min_size=1), hours), max_size=3
)


@given(
    now=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3),
    more=rules,
    later=st.timedeltas(timedelta(0), timedelta(days=9)),
    share=st.floats(0, 0.999),
)
def test_no_moment_of_a_window_is_outside_any_rule_on_any_clock(
    now: datetime, zones: list[str], more: list[Rule], later: timedelta, share: float
) -> None:
    every = (*BUSINESS, *more)
    for window in (next_window(now, zones, every), openings(now, zones, every).at(now + later)):
        if window is None:
            continue
        assert window.opens >= now
        moment = window.opens + (window.closes - window.opens) * share
        moment = min(moment, window.closes - timedelta(microseconds=1))
        for zone in zones:
            local = moment.astimezone(ZoneInfo(zone))
            open_hours = hours_of(local.date(), every)
            assert open_hours is not None
            assert open_hours[0] <= local.time() < open_hours[1]
