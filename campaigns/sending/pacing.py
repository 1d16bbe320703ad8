"""How many texts of an account may leave now, over all workers and machines: a token bucket in the database."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from campaigns.models import Account, Mode, Pace

# Revmo publishes no limits; at a 429 we halve at most so often (seconds), not below a tenth, and come back evenly.
HALVING_INTERVAL = 10.0
SLOWEST = 0.1
RECOVERY = 60.0


@dataclass(slots=True)
class Grant:
    """`granted` tokens, taken under the pace's row lock; `wait_seconds` until the next one when there was none."""

    pace: Pace
    granted: int
    wait_seconds: float

    def give_back(self, tokens: int) -> None:
        """Return tokens that no intent used."""
        self.pace.tokens += tokens
        self.pace.used_today -= tokens

    def save(self) -> None:
        """Write the bucket, still under the lock."""
        self.pace.save(update_fields=["tokens", "refilled_at", "day", "used_today"])


def take(account: Account, mode: Mode, wanted: int) -> Grant:
    """Take up to `wanted` tokens; inside a transaction, which holds the bucket until it ends."""
    pace = _locked(account, mode)
    now = _clock()
    rate = account.messages_per_second * factor(pace, now)
    # A burst of a tenth of a second's worth: more would let one second pass the limit.
    burst = max(1.0, rate / 10)
    elapsed = (now - pace.refilled_at).total_seconds() if pace.refilled_at else burst / rate
    pace.tokens = min(burst, pace.tokens + max(0.0, elapsed) * rate)
    pace.refilled_at = now
    today = now.astimezone(ZoneInfo(account.time_zone)).date()
    if pace.day != today:
        pace.day, pace.used_today = today, 0
    granted = min(wanted, int(pace.tokens), _left_today(account, pace))
    pace.tokens -= granted
    pace.used_today += granted
    return Grant(pace, granted, max(0.0, (1.0 - pace.tokens) / rate))


def slow_down(account: Account, mode: Mode) -> None:
    """Halve the rate after a 429, at most once in ten seconds over all workers."""
    with transaction.atomic():
        pace = _locked(account, mode)
        now = _clock()
        if pace.halved_at is None or (now - pace.halved_at).total_seconds() >= HALVING_INTERVAL:
            pace.slow_factor = max(SLOWEST, factor(pace, now) / 2)
            pace.halved_at = now
        pace.slowed_at = now
        pace.save(update_fields=["slow_factor", "slowed_at", "halved_at"])


def factor(pace: Pace, now: datetime) -> float:
    """The share of the full rate that holds now: back to all of it within a minute of the last 429."""
    if pace.slowed_at is None:
        return 1.0
    since = (now - pace.slowed_at).total_seconds()
    return min(1.0, pace.slow_factor + (1.0 - pace.slow_factor) * max(0.0, since) / RECOVERY)


def left_today(account: Account, mode: Mode, now: datetime) -> int | None:
    """What remains of today's allowance; None without one."""
    if account.daily_allowance is None:
        return None
    pace = Pace.objects.filter(account=account, mode=mode).first()
    today = now.astimezone(ZoneInfo(account.time_zone)).date()
    used = pace.used_today if pace is not None and pace.day == today else 0
    return max(0, account.daily_allowance - used)


def _left_today(account: Account, pace: Pace) -> int:
    return 2**31 if account.daily_allowance is None else max(0, account.daily_allowance - pace.used_today)


def _locked(account: Account, mode: Mode) -> Pace:
    pace = Pace.objects.select_for_update().filter(account=account, mode=mode).first()
    if pace is None:
        Pace.objects.bulk_create([Pace(account=account, mode=mode)], ignore_conflicts=True)
        pace = Pace.objects.select_for_update().get(account=account, mode=mode)
    return pace


def _clock() -> datetime:
    """The database's clock, so that machines whose own clocks differ share one bucket."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
