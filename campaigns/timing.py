"""The next lawful minute: the account's hours and the law of wherever the person may be, on their own clocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.utils import timezone

from campaigns import law
from campaigns.hours_wording import clock, zone_name
from campaigns.models import Account
from campaigns.places import Whereabouts, is_anywhere, names_of, whereabouts
from campaigns.windows import Openings, Rule, Window, hours_of, next_window, openings

NO_HOUR = "No hour is lawful for this number: its time zones, the law and the business's send windows share none."
WIDEN = "Widen the send windows, or leave this person out."
GIVE_A_ZONE = "Give the person their time zone, or widen the send windows."


@dataclass(frozen=True, slots=True)
class Lawful:
    """When a text to a person may leave, and why then. `window` is None where it may never."""

    window: Window | None
    at: datetime
    where: Whereabouts
    reasons: list[str] = field(default_factory=list)

    @property
    def now(self) -> bool:
        """May it leave at the moment that was asked for?"""
        return self.window is not None and self.window.opens <= self.at


class Hours:
    """An account's send windows, read once; asked for one person after the other."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.rules = tuple(account_rules(account))

    def openings(self, where: Whereabouts, begin: datetime, days: int) -> Openings:
        """The lawful stretches of so many days from `begin` on."""
        return openings(begin, self.zones(where), self._rules_at(where), days)

    def next_window(self, where: Whereabouts, now: datetime) -> Window | None:
        """The first of them; None if there is none."""
        return next_window(now, self.zones(where), self._rules_at(where))

    def zones(self, where: Whereabouts) -> tuple[str, ...]:
        """Their clocks; the account's own where the number tells none at all."""
        return where.zones or (self.account.time_zone,)

    def _rules_at(self, where: Whereabouts) -> tuple[Rule, ...]:
        return self.rules + law.rules_at(where.places)


def account_rules(account: Account) -> Iterable[Rule]:
    """The send windows as rules; a day without one is closed."""
    hours = {window.weekday: window for window in account.windows.all()}
    for day in range(1, 8):
        window = hours.get(day)
        opens, closes = (window.opens, window.closes) if window else (time(0), time(0))
        yield Rule(frozenset([day]), opens, closes, source=f"the send windows of {account}")


def window_for(now: datetime, phone: str, time_zone: str, account: Account) -> Window | None:
    """The next stretch from `now` on in which a text to this person is lawful; None if there is none at all.

    `time_zone` is the contact's own IANA zone or empty; then every zone that the number may stand for counts, and the
    strictest wins, of the zones as of the places.
    """
    return Hours(account).next_window(whereabouts(phone, time_zone), now)


def next_lawful_minute(phone: str, time_zone: str, account: Account, now: datetime | None = None) -> Lawful:
    """The same with its reasons, as sentences for staff."""
    now, hours, where = now or timezone.now(), Hours(account), whereabouts(phone, time_zone)
    window = hours.next_window(where, now)
    reasons = [_clocks(where, time_zone, account)]
    if window is None:
        return Lawful(None, now, where, [*reasons, no_hour(where)])
    zone = ZoneInfo(hours.zones(where)[0])
    reasons += _limits(window.opens.astimezone(zone), hours, where)
    until = f"until {clock(window.closes.astimezone(zone))}"
    if window.opens <= now:
        reasons.append(f"A text may leave now, {until} {zone_name(zone.key)}.")
    else:
        opens = window.opens.astimezone(zone)
        reasons.append(f"The next text may leave on {opens:%A} at {clock(opens)}, {until} {zone_name(zone.key)}.")
    return Lawful(window, now, where, reasons)


def no_hour(where: Whereabouts) -> str:
    """Why a text may never leave, and what to do about it."""
    if len(where.zones) == 1:
        return f"{NO_HOUR} {WIDEN}"
    anywhere = f" It may belong to somebody in {names_of(where.places)}, as toll-free numbers do." * is_anywhere(where)
    return f"{NO_HOUR}{anywhere} {GIVE_A_ZONE}"


def _clocks(where: Whereabouts, time_zone: str, account: Account) -> str:
    if time_zone:
        return f"Their clock is known: {zone_name(time_zone)}."
    if not where.zones:
        return f"The number tells no time zone, so the business's own counts: {zone_name(account.time_zone)}."
    place = names_of(where.places)
    if len(where.zones) == 1:
        return f"The number is of {place}: {zone_name(where.zones[0])}."
    shown = ", ".join(zone_name(zone) for zone in where.zones[:3])
    more = f" and {len(where.zones) - 3} more" if len(where.zones) > 3 else ""
    return f"The number is of {place}, where clocks differ ({shown}{more}); it must be lawful on all of them."


def _limits(opens: datetime, hours: Hours, where: Whereabouts) -> list[str]:
    """Who says when this day opens and closes, each source once."""
    day = opens.date()
    of_account = hours_of(day, hours.rules)
    found = []
    if of_account:
        found.append(f"The business texts from {clock(of_account[0])} to {clock(of_account[1])} on {day:%A}s.")
    found += [
        f"{_capital(names_of([place]))}: from {clock(rule.opens)} to {clock(rule.closes)} ({rule.source})."
        for place, rule in _strictest(where.places, opens)
    ]
    return found


def _strictest(places: Sequence[str], opens: datetime) -> list[tuple[str, Rule]]:
    """The rules that bound this day, of the places; the two that open last and close first."""
    day = opens.date()
    binding = [(place, rule) for place in places for rule in law.all_rules().get(place, ()) if rule.binds(day)]
    if not binding:
        return []
    latest = max(binding, key=lambda pair: pair[1].opens)
    earliest = min(binding, key=lambda pair: pair[1].closes)
    return [latest] if latest[1] is earliest[1] or earliest[1].closes == latest[1].closes else [latest, earliest]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
