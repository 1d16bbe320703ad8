"""How many texts of an account may leave now, over all workers and machines: a token bucket in the database."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from campaigns.models import Account, Mode, Pace
from campaigns.sending.statements import run

# Revmo publishes no limits; at a 429 we halve at most so often (seconds), not below a tenth, and come back evenly.
HALVING_INTERVAL = 10.0
SLOWEST = 0.1
RECOVERY = 60.0
# What a bucket holds after a rest: one text and what the rate earns in so many seconds. More would let one second pass
# the limit: measured with a tenth of a second's worth, 50 a second once became 54.
BURST = 0.01
# Until the next look when the day's allowance is used up. Seconds.
NEXT_LOOK = 5.0

_BUCKET = """
SELECT id, tokens, refilled_at, slowed_at, slow_factor, day, used_today, clock_timestamp()
FROM campaigns_pace WHERE account_id = %(account)s AND mode = %(mode)s FOR UPDATE
"""
_SPEND = """
UPDATE campaigns_pace SET tokens = %(tokens)s, refilled_at = %(now)s, day = %(day)s, used_today = %(used_today)s
WHERE id = %(pace)s
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bucket holds under its row lock, before anything is spent. `granted` texts may leave now.

    `wait_seconds` until the next one when that is not all that was asked for. `used_today` counts `day`, the day in
    the account's time zone. `now` is the database's clock, so that machines whose own clocks differ share one bucket.
    """

    pace_id: int
    tokens: float
    granted: int
    wait_seconds: float
    now: datetime
    day: date
    used_today: int

    def spend(self, texts: int) -> None:
        """Take `texts` out of the bucket and the day, still under the lock."""
        run(
            _SPEND,
            {
                "pace": self.pace_id,
                "tokens": self.tokens - texts,
                "now": self.now,
                "day": self.day,
                "used_today": self.used_today + texts,
            },
        )


def take(account: Account, mode: Mode, wanted: int) -> Grant:
    """How many of `wanted` may leave now; inside a transaction, which holds the bucket until it ends."""
    pk, tokens, refilled_at, slowed_at, slow_factor, day, used_today, now = _locked(account, mode)
    rate = account.messages_per_second * _factor(slow_factor, slowed_at, now)
    full = 1.0 + rate * BURST
    earned = max(0.0, (now - refilled_at).total_seconds()) * rate if refilled_at else full
    tokens = min(full, tokens + earned)
    today = now.astimezone(ZoneInfo(account.time_zone)).date()
    used_today = used_today if day == today else 0
    left = wanted if account.daily_allowance is None else max(0, account.daily_allowance - used_today)
    granted = min(wanted, int(tokens), left)
    wait = NEXT_LOOK if left == 0 else max(0.0, (1.0 - (tokens - granted)) / rate)
    return Grant(pk, tokens, granted, wait, max(now, refilled_at or now), today, used_today)


def slow_down(account: Account, mode: Mode) -> None:
    """Halve the rate after a 429, at most once in ten seconds over all workers."""
    with transaction.atomic():
        pk, *_, now = _locked(account, mode)
        pace = Pace.objects.get(pk=pk)
        if pace.halved_at is None or (now - pace.halved_at).total_seconds() >= HALVING_INTERVAL:
            pace.slow_factor = max(SLOWEST, factor(pace, now) / 2)
            pace.halved_at = now
        pace.slowed_at = now
        pace.save(update_fields=["slow_factor", "slowed_at", "halved_at"])


def factor(pace: Pace, now: datetime) -> float:
    """The share of the full rate that holds now: back to all of it within a minute of the last 429."""
    return _factor(pace.slow_factor, pace.slowed_at, now)


def left_today(account: Account, mode: Mode, now: datetime) -> int | None:
    """What remains of today's allowance; None without one."""
    if account.daily_allowance is None:
        return None
    pace = Pace.objects.filter(account=account, mode=mode).first()
    today = now.astimezone(ZoneInfo(account.time_zone)).date()
    used = pace.used_today if pace is not None and pace.day == today else 0
    return max(0, account.daily_allowance - used)


def _factor(slow_factor: float, slowed_at: datetime | None, now: datetime) -> float:
    if slowed_at is None:
        return 1.0
    since = max(0.0, (now - slowed_at).total_seconds())
    return min(1.0, slow_factor + (1.0 - slow_factor) * since / RECOVERY)


def _locked(account: Account, mode: Mode) -> tuple[Any, ...]:
    key = {"account": account.pk, "mode": mode.value}
    rows = run(_BUCKET, key)
    if not rows:
        Pace.objects.bulk_create([Pace(account=account, mode=mode)], ignore_conflicts=True)
        rows = run(_BUCKET, key)
    return rows[0]
