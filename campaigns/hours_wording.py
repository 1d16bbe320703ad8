"""Hours, days and clocks as a colleague would say them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from campaigns import law
from campaigns.models import Account, SendWindow
from campaigns.places import name_of
from campaigns.windows import Rule


@dataclass(frozen=True, slots=True)
class LawLine:
    """One rule of the law, for reading. The days on which it begins and ends are None where it has none."""

    place: str
    days: str
    hours: str
    since: date | None
    until: date | None
    source: str


def law_lines() -> list[LawLine]:
    """Every rule on file, countries before their states."""
    return [_line(place, rule) for place, rules in law.all_rules().items() for rule in rules]


def _line(place: str, rule: Rule) -> LawLine:
    days = sorted(rule.days)
    named = [law.DAYS[day - 1] for day in days]
    said = "every day" if len(days) == 7 else f"{named[0]} to {named[-1]}" if len(days) > 1 else named[0]
    hours = f"{clock(rule.opens)} to {clock(rule.closes)}" if rule.opens < rule.closes else "not at all"
    name = name_of(place)
    return LawLine(name[:1].upper() + name[1:], said, hours, rule.valid_from, rule.valid_to, rule.source)


def windows_in_words(account: Account) -> str:
    """The send windows in short: 9 AM to 8 PM; Mon to Fri 9 AM to 8 PM, Sat 10 AM to 4 PM."""
    windows = list(account.windows.all()) if account.pk else []
    if not windows:
        return "no hour: no day has a send window"
    runs: list[tuple[list[str], tuple[time, time]]] = []
    for window in windows:
        hours = (window.opens, window.closes)
        name = window.get_weekday_display()[:3]
        if runs and runs[-1][1] == hours and window.weekday - windows[windows.index(window) - 1].weekday == 1:
            runs[-1][0].append(name)
        else:
            runs.append(([name], hours))
    said = [f"{clock(hours[0])} to {clock(hours[1])}" for _, hours in runs]
    if len(windows) == len(runs[0][0]) == len(SendWindow.Weekday):
        return said[0]
    days = [f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0] for names, _ in runs]
    return ", ".join(f"{day} {hours}" for day, hours in zip(days, said, strict=True))


def clock(at: datetime | time) -> str:
    """9 AM, 9:30 PM, noon, midnight."""
    if at.minute == 0 and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    hour = f"{(at.hour + 11) % 12 + 1}{f':{at.minute:02d}' if at.minute else ''}"
    return f"{hour} {'AM' if at.hour < 12 else 'PM'}"


def moment(at: datetime, account: Account) -> str:
    """9 PM on Tuesday, Nov 24 (New York time): on the business's clock."""
    local = at.astimezone(ZoneInfo(account.time_zone))
    return f"{clock(local)} on {local:%A, %b} {local.day} ({zone_name(account.time_zone)})"


def zone_name(zone: str) -> str:
    """A zone as a colleague would name it."""
    return f"{zone.rpartition('/')[2].replace('_', ' ')} time"
