"""Texts by day, for the dashboard: those that left today and what became of them, beside the days before.

A day is the business's: middleware sets its zone for the request. A text counts on the day on which it left, not on
which it was queued: a campaign that was launched yesterday for today is today's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Mode, Send

DAYS = 14


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of today, and the history that it counts."""

    name: str
    count: int
    url: str


def today() -> list[Figure]:
    """What left today, and what came of it so far."""
    begin = _begin(timezone.localdate())
    sent = _left(since=begin)
    counts = sent.aggregate(
        sent=Count("pk", filter=Q(state=Send.State.ACCEPTED)),
        delivered=Count("pk", filter=Q(delivery=Send.Delivery.DELIVERED)),
        replied=Count("pk", filter=Q(replied_at__isnull=False)),
        failed=Count("pk", filter=Q(state=Send.State.FAILED)),
    )
    filters = {
        "sent": {"state__exact": Send.State.ACCEPTED.value},
        "delivered": {"delivery__exact": Send.Delivery.DELIVERED.value},
        "replied": {"replied_at__isempty": "0"},
        "failed": {"state__exact": Send.State.FAILED.value},
    }
    return [Figure(name.capitalize(), counts[name], _history(chosen)) for name, chosen in filters.items()]


def sent_by_day() -> dict[date, int]:
    """How many were sent on each of the last two weeks' days, today last."""
    last = timezone.localdate()
    days = [last - timedelta(days=offset) for offset in range(DAYS - 1, -1, -1)]
    rows = _left(since=_begin(days[0])).filter(state=Send.State.ACCEPTED).order_by()
    counts = dict(rows.annotate(day=TruncDate("posted_at")).values_list("day").annotate(count=Count("pk")))
    return {day: counts.get(day, 0) for day in days}


def usual(by_day: Mapping[date, int]) -> int:
    """What a day usually came to: the mean of those before today on which anything was sent; 0 if there are none."""
    before = [count for day, count in by_day.items() if day != timezone.localdate() and count]
    return round(sum(before) / len(before)) if before else 0


def chart(by_day: Mapping[date, int]) -> dict[str, Any]:
    """The same as the chart takes it."""
    return {
        "labels": [f"{day:%b} {day.day}" for day in by_day],
        "datasets": [
            {
                "label": "Texts sent",
                "data": list(by_day.values()),
                "backgroundColor": "var(--color-primary-600)",
                "maxBarThickness": 40,  # pixels
                "borderRadius": 4,
            }
        ],
    }


def _left(since: datetime) -> "QuerySet[Send]":
    return Send.objects.filter(mode=Mode.current(), posted_at__gte=since)


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))


def _history(filters: Mapping[str, str]) -> str:
    query = {**filters, "posted_at_from": timezone.localdate().isoformat()}
    return f"{reverse('admin:campaigns_send_changelist')}?{urlencode(query)}"
