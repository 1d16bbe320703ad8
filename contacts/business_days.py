"""Business days of the United States: 47 CFR 64.1200(a)(10) has an opt-out honoured within ten of them.

Days on which federal offices rest (5 U.S.C. 6103) do not count, so that our clock is never ahead of the strictest
reading: a holiday on a Saturday rests the Friday before it, one on a Sunday the Monday after.
"""

from datetime import date, timedelta

# Federal: month and day.
_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
# Month, weekday (Monday is 0), which one of the month; -1: the last.
_FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))


def add_business_days(day: date, amount: int) -> date:
    """The `amount`-th business day after `day`."""
    left = amount
    while left:
        day += timedelta(days=1)
        left -= is_business_day(day)
    return day


def business_days_left(today: date, last: date) -> int:
    """How many business days remain after `today` until `last` is over; negative: how many it is overdue."""
    if last < today:
        return -business_days_left(last, today)
    return sum(is_business_day(today + timedelta(days=n)) for n in range(1, (last - today).days + 1))


def is_business_day(day: date) -> bool:
    """Neither a weekend nor a federal holiday."""
    return day.weekday() < 5 and day not in _holidays(day.year) and day not in _holidays(day.year + 1)


def _holidays(year: int) -> set[date]:
    fixed = {_observed(date(year, month, day)) for month, day in _FIXED}
    return fixed | {_nth(year, *rule) for rule in _FLOATING}


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, which: int) -> date:
    if which < 0:
        last = date(year, month + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
