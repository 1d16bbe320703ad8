"""When a text may leave: the next stretch of time that is lawful wherever the person may be.

Pure. All instants in and out are aware; out they are UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Far enough ahead to find an opening even when the zones of a country lie half a day apart.
DAYS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` on and before `closes`; both aware, UTC."""

    opens: datetime
    closes: datetime


def next_window(now: datetime, zones: Sequence[str], opens: time, closes: time) -> Window | None:
    """The first stretch from `now` on that lies between `opens` and `closes` on the clocks of all `zones`.

    With several candidate zones the strictest wins: the stretch that is open in each of them. None if they have no
    hour in common, or if `zones` is empty; the caller decides then. Daylight saving is honoured, because every day's
    opening and closing are read off that zone's own clock.
    """
    if not zones:
        return None
    stretches = _openings(now, zones[0], opens, closes)
    for zone in zones[1:]:
        stretches = _intersect(stretches, _openings(now, zone, opens, closes))
    for stretch in stretches:
        if stretch.closes > now:
            return Window(max(stretch.opens, now.astimezone(UTC)), stretch.closes)
    return None


def _openings(now: datetime, zone: str, opens: time, closes: time) -> list[Window]:
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    days = (today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1))
    return [
        Window(
            datetime.combine(day, opens, here).astimezone(UTC),
            datetime.combine(day, closes, here).astimezone(UTC),
        )
        for day in days
    ]


def _intersect(left: Iterable[Window], right: Iterable[Window]) -> list[Window]:
    right = list(right)
    return [
        Window(max(a.opens, b.opens), min(a.closes, b.closes))
        for a in left
        for b in right
        if max(a.opens, b.opens) < min(a.closes, b.closes)
    ]
