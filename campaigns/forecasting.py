"""When the last text will have left, at the account's pace. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


def finish(
    due: Mapping[datetime, int],
    rate: float,
    zone: str,
    allowance: int | None = None,
    left_today: int | None = None,
) -> datetime | None:
    """The last text's moment (UTC), where so many fall `due` from each moment on and `rate` leave a second.

    `allowance` is the most of a day in `zone`, `left_today` what the first day still has. Windows that close before
    all have left are not foreseen: those texts come later. None where nothing is due, or where nothing may ever leave.
    """
    clock, left, day = None, left_today if allowance is not None else None, None
    for moment, amount in sorted(due.items()):
        clock = max(clock or moment, moment)
        while amount:
            today = clock.astimezone(ZoneInfo(zone)).date()
            if allowance is not None and day is not None and today != day:
                left = allowance
            day = today
            midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
            room = max(1, round((midnight - clock).total_seconds() * rate))
            going = min(amount, room) if left is None else min(amount, room, left)
            if going == 0:
                if not allowance:
                    return None
                clock = midnight
                continue
            amount -= going
            left = None if left is None else left - going
            clock += timedelta(seconds=going / rate)
    return clock
