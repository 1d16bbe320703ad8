"""How many webhook calls were not let in, and why: for whoever sets the connection up. Nothing of the calls is kept.

Anybody can send junk, so each process counts in memory and writes at most once a second; the last second of a wave is
written with the next call that is refused.
"""

import logging
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

from django.db import Error, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from conversations.models import RefusedCall

logger = logging.getLogger(__name__)

WRITE_EVERY = 1.0  # seconds
KEEP = timedelta(days=7)
_ADD = """
INSERT INTO conversations_refusedcall (minute, reason, amount) VALUES (date_trunc('minute', clock_timestamp()), %s, %s)
ON CONFLICT (minute, reason) DO UPDATE SET amount = conversations_refusedcall.amount + excluded.amount
"""


class Tally:
    """What one process has refused and not yet written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._written = 0.0

    def add(self, reason: str) -> Counter[str]:
        """Count one; what is to be written now, if anything."""
        with self._lock:
            self._counts[reason[:100]] += 1
            now = time.monotonic()
            if now - self._written < WRITE_EVERY:
                return Counter()
            counts, self._counts, self._written = self._counts, Counter(), now
            return counts


tally = Tally()


def note(reason: str) -> None:
    """Count a refusal; a database that is away costs the count and nothing else."""
    counts = tally.add(reason)
    if not counts:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_ADD, sorted(counts.items()))
    except Error:
        logger.warning("refused webhook calls could not be counted")


def since(at: datetime) -> list[tuple[str, int]]:
    """Reasons and how often, the most frequent first."""
    found = RefusedCall.objects.filter(minute__gte=at).order_by().values("reason").annotate(count=Sum("amount"))
    return [(one["reason"], one["count"]) for one in found.order_by("-count", "reason")]


def purge() -> None:
    """Forget what is a week old."""
    RefusedCall.objects.filter(minute__lt=timezone.now() - KEEP).delete()
