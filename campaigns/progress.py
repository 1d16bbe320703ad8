"""How a campaign stands: the counts that the page, the dashboard and the command line show alike."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from campaigns.models import Campaign, Send

State, Delivery = Send.State, Send.Delivery


@dataclass(frozen=True, slots=True)
class Progress:
    """Sends by state and by delivery; both hold every name, also those that count nothing."""

    sends: dict[str, int]
    delivery: dict[str, int]
    replied: int

    @property
    def total(self) -> int:
        """All sends of the campaign."""
        return sum(self.sends.values())

    @property
    def open(self) -> int:
        """Those that nobody can call done."""
        return sum(self.sends[state] for state in Send.OPEN)

    @property
    def problems(self) -> int:
        """Those that a person may want to look at."""
        return self.sends[State.FAILED] + self.sends[State.UNKNOWN] + self.delivery[Delivery.UNDELIVERED]


def progress(campaign: Campaign) -> Progress:
    """One query over the campaign's sends, answered by an index."""
    return progress_of([campaign.pk])[campaign.pk]


def progress_of(campaign_ids: list[int]) -> dict[int, Progress]:
    """The same for many campaigns at once."""
    found = {pk: Progress(dict.fromkeys(State.values, 0), dict.fromkeys(Delivery.values, 0), 0) for pk in campaign_ids}
    rows = (
        Send.objects.filter(campaign__in=campaign_ids)
        .order_by()
        .values_list("campaign", "state", "delivery")
        .annotate(count=Count("pk"))
    )
    for pk, state, delivery, count in rows:
        found[pk].sends[state] += count
        found[pk].delivery[delivery] += count
    replied = Send.objects.filter(campaign__in=campaign_ids, replied_at__isnull=False)
    for pk, count in replied.order_by().values_list("campaign").annotate(count=Count("pk")):
        found[pk] = Progress(found[pk].sends, found[pk].delivery, count)
    return found


def as_json(campaign: Campaign) -> dict[str, Any]:
    """The documented answer of `campaign status --json`."""
    counted = progress(campaign)
    return {
        "id": campaign.pk,
        "status": campaign.status,
        "mode": campaign.mode,
        "total": counted.total,
        "sends": counted.sends,
        "delivery": counted.delivery,
    }
