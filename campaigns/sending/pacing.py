"""How many texts of an account may leave now, over all workers and machines: a token bucket in the database.

The bucket itself is the function `campaigns_take` in the migrations; every intent asks it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from campaigns.models import Account, Mode, Pace
from campaigns.sending.statements import run

# Revmo publishes no limits; at a 429 we halve at most so often (seconds), and not below a tenth.
HALVING_INTERVAL = 10.0
SLOWEST = 0.1

_TAKE = "SELECT * FROM campaigns_take(%(account)s::bigint, %(mode)s::text, %(wanted)s::int)"
_SLOW_DOWN = """
UPDATE campaigns_pace SET slowed_at = clock_timestamp(),
    slow_factor = CASE WHEN halved_at > clock_timestamp() - make_interval(secs => %(interval)s) THEN slow_factor
        ELSE greatest(%(slowest)s, campaigns_pace_factor(slow_factor, slowed_at, clock_timestamp()) / 2) END,
    halved_at = CASE WHEN halved_at > clock_timestamp() - make_interval(secs => %(interval)s) THEN halved_at
        ELSE clock_timestamp() END
WHERE account_id = %(account)s AND mode = %(mode)s
"""
_SHARE = """
SELECT campaigns_pace_factor(slow_factor, slowed_at, clock_timestamp()) FROM campaigns_pace
WHERE account_id = %(account)s AND mode = %(mode)s
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bucket holds, before anything is spent: `granted` texts may leave now.

    `wait_seconds` until the next one when that is not all that was asked for. `used_today` counts `today`, the day in
    the account's time zone. `at` is the database's clock, so that machines whose own clocks differ share one bucket.
    """

    pace_id: int
    tokens: float
    granted: int
    wait_seconds: float
    at: datetime
    today: date
    used_today: int


def take(account: Account, mode: Mode, wanted: int) -> Grant:
    """How many of `wanted` may leave now; locks the bucket until the transaction ends, and spends nothing."""
    return Grant(*run(_TAKE, {"account": account.pk, "mode": mode.value, "wanted": wanted})[0])


def slow_down(account: Account, mode: Mode) -> None:
    """Halve the rate after a 429, at most once in ten seconds over all workers; it is back within a minute."""
    limits = {"interval": HALVING_INTERVAL, "slowest": SLOWEST}
    run(_SLOW_DOWN, {"account": account.pk, "mode": mode.value, **limits})


def share_of_rate(account: Account, mode: Mode) -> float:
    """The share of the full rate that holds now: 1.0 where Revmo has not asked us to slow down."""
    rows = run(_SHARE, {"account": account.pk, "mode": mode.value})
    return float(rows[0][0]) if rows else 1.0


def left_today(account: Account, mode: Mode, now: datetime) -> int | None:
    """What remains of today's allowance; None without one."""
    if account.daily_allowance is None:
        return None
    pace = Pace.objects.filter(account=account, mode=mode).first()
    today = now.astimezone(ZoneInfo(account.time_zone)).date()
    used = pace.used_today if pace is not None and pace.day == today else 0
    return max(0, account.daily_allowance - used)
