"""When a text may leave: the stretches of time that are lawful wherever the person may be.

Pure. All instants in and out are aware; out they are UTC.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Over a closed weekend with holidays of our own making; whoever finds no hour in so many days finds none.
DAYS_AHEAD = 15
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """On these weekdays (ISO, 1 is Monday) a text leaves from `opens` on and before `closes`, local time, or not at all
    where the two are equal.

    In force from `valid_from` through `valid_to`, both days included; None: without end. `source` says who says so.
    """

    days: frozenset[int]
    opens: time
    closes: time
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def binds(self, day: date) -> bool:
        """Does it speak of this day?"""
        return (
            day.isoweekday() in self.days
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` on and before `closes`; both aware, UTC."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Openings:
    """Lawful stretches in their order, without overlap."""

    stretches: tuple[Window, ...]

    def at(self, moment: datetime) -> Window | None:
        """What is left of the stretch around `moment`, or else the next one; None if none is known."""
        place = bisect_right(self.stretches, moment, key=lambda stretch: stretch.closes)
        if place == len(self.stretches):
            return None
        stretch = self.stretches[place]
        return Window(max(stretch.opens, moment.astimezone(UTC)), stretch.closes)

    def after(self, moment: datetime, open_time: timedelta) -> Window | None:
        """The point at which, from `moment` on, texts were lawful for `open_time` in all, and what is left of its
        stretch; None if that is further than is known."""
        for stretch in self.stretches[bisect_right(self.stretches, moment, key=lambda one: one.closes) :]:
            opens = max(stretch.opens, moment.astimezone(UTC))
            if open_time < stretch.closes - opens:
                return Window(opens + open_time, stretch.closes)
            open_time -= stretch.closes - opens
        return None


def openings(begin: datetime, zones: Sequence[str], rules: Sequence[Rule], days: int = DAYS_AHEAD) -> Openings:
    """The stretches of about `days` days from `begin` on in which all rules allow a text on the clocks of all `zones`.

    With several candidate zones the strictest wins: what is open in each of them. None at all where they have no hour
    in common, or where `zones` is empty; the caller decides then. Daylight saving is honoured, because every day's
    opening and closing are read off that zone's own clock.
    """
    if not zones:
        return Openings(())
    stretches = list(_openings(begin, zones[0], rules, days))
    for zone in zones[1:]:
        stretches = list(_intersection(stretches, list(_openings(begin, zone, rules, days))))
    return Openings(tuple(stretch for stretch in stretches if stretch.closes > begin))


def next_window(now: datetime, zones: Sequence[str], rules: Sequence[Rule]) -> Window | None:
    """The first lawful stretch from `now` on; None if there is none within `DAYS_AHEAD` days."""
    soon = openings(now, zones, rules, days=2).at(now)
    return soon or openings(now, zones, rules).at(now)


def hours_of(day: date, rules: Iterable[Rule]) -> tuple[time, time] | None:
    """The hours of a day that all rules leave; None for a day without any."""
    binding = [rule for rule in rules if rule.binds(day)]
    opens = max((rule.opens for rule in binding), default=MIDNIGHT)
    closes = min((rule.closes for rule in binding), default=time.max)
    return (opens, closes) if opens < closes else None


def local_time(wall: datetime, zones: Sequence[str]) -> datetime:
    """The first instant at which the clocks of all `zones` have passed `wall`, a time without a zone; UTC."""
    return max(_late(wall, ZoneInfo(zone)) for zone in zones)


def _openings(begin: datetime, zone: str, rules: Sequence[Rule], days: int) -> Iterator[Window]:
    here = ZoneInfo(zone)
    today = begin.astimezone(here).date()
    for day in (today + timedelta(days=offset) for offset in range(-1, days + 1)):
        hours = hours_of(day, rules)
        if hours is not None:
            opens = _late(datetime.combine(day, hours[0]), here)
            closes = _early(datetime.combine(day, hours[1]), here)
            if opens < closes:
                yield Window(opens, closes)


def _late(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant from which on the clock is surely past `wall`: where it shows that time twice the second, where it
    skips it the first after the gap."""
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _early(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant before which the clock has surely not come to `wall`."""
    return min(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _intersection(left: Sequence[Window], right: Sequence[Window]) -> Iterator[Window]:
    here = there = 0
    while here < len(left) and there < len(right):
        a, b = left[here], right[there]
        opens, closes = max(a.opens, b.opens), min(a.closes, b.closes)
        if opens < closes:
            yield Window(opens, closes)
        if a.closes <= b.closes:
            here += 1
        else:
            there += 1
