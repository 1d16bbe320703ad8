"""When a text may leave."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from campaigns.windows import next_window

NINE, EIGHT_PM = time(9), time(20)
ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "Europe/London",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
]


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_an_open_window_opens_now_and_closes_tonight() -> None:
    now = at("2026-11-23 12:00", "America/New_York")
    window = next_window(now, ["America/New_York"], NINE, EIGHT_PM)
    assert window is not None
    assert window.opens == now
    assert window.closes == at("2026-11-23 20:00", "America/New_York")


def test_at_the_closing_minute_it_waits_for_the_morning() -> None:
    window = next_window(at("2026-11-23 20:00", "America/New_York"), ["America/New_York"], NINE, EIGHT_PM)
    assert window is not None
    assert window.opens == at("2026-11-24 09:00", "America/New_York")


def test_the_strictest_of_several_zones_wins() -> None:
    zones = ["America/New_York", "America/Los_Angeles"]
    window = next_window(at("2026-11-23 06:00", "America/New_York"), zones, NINE, EIGHT_PM)
    assert window is not None
    assert window.opens == at("2026-11-23 09:00", "America/Los_Angeles")
    assert window.closes == at("2026-11-23 20:00", "America/New_York")


def test_zones_without_a_common_hour_have_no_window() -> None:
    assert next_window(at("2026-11-23 12:00", "UTC"), ["America/New_York", "Asia/Shanghai"], NINE, EIGHT_PM) is None


def test_no_zone_is_no_window() -> None:
    assert next_window(datetime.now(UTC), [], NINE, EIGHT_PM) is None


def test_it_keeps_to_the_clock_when_the_clocks_go_forward_and_back() -> None:
    for day in ("2026-03-08", "2026-11-01"):
        window = next_window(at(f"{day} 00:30", "America/New_York"), ["America/New_York"], NINE, EIGHT_PM)
        assert window is not None
        assert window.opens == at(f"{day} 09:00", "America/New_York")
        assert window.closes == at(f"{day} 20:00", "America/New_York")


@given(
    now=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3),
    share=st.floats(0, 0.999),
)
def test_no_moment_of_a_window_is_outside_the_hours_of_any_zone(now: datetime, zones: list[str], share: float) -> None:
    window = next_window(now, zones, NINE, EIGHT_PM)
    if window is None:
        return
    assert window.opens >= now
    moment = window.opens + (window.closes - window.opens) * share
    moment = min(moment, window.closes - timedelta(microseconds=1))
    for zone in zones:
        assert NINE <= moment.astimezone(ZoneInfo(zone)).time() < EIGHT_PM
