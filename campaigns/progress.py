"""How a campaign stands: the counts that the page, the dashboard and the command line show alike."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from campaigns.models import Campaign, Send
from contacts.models import Suppression

State, Delivery = Send.State, Send.Delivery


@dataclass(frozen=True, slots=True)
class Progress:
    """Sends by state and by delivery; both hold every name, also those that count nothing."""

    sends: dict[str, int]
    delivery: dict[str, int]
    replied: int
    opted_out: int

    @property
    def total(self) -> int:
        """All sends of the campaign."""
        return sum(self.sends.values())

    @property
    def open(self) -> int:
        """Those that nobody can call done."""
        return sum(self.sends[state] for state in Send.OPEN)

    @property
    def unreached(self) -> int:
        """Those that ended without anybody knowing that Revmo took them."""
        return self.sends[State.FAILED] + self.sends[State.UNKNOWN]

    @property
    def problems(self) -> int:
        """Those that a person may want to look at."""
        return self.unreached + self.delivery[Delivery.UNDELIVERED]


def progress(campaign: Campaign) -> Progress:
    """One query over the campaign's sends, answered by an index."""
    return progress_of([campaign.pk])[campaign.pk]


def progress_of(campaign_ids: list[int]) -> dict[int, Progress]:
    """The same for many campaigns at once."""
    found = {
        pk: Progress(dict.fromkeys(State.values, 0), dict.fromkeys(Delivery.values, 0), 0, 0) for pk in campaign_ids
    }
    for state, pk, delivery, count in by_state(Send.objects.filter(campaign__in=campaign_ids), "campaign", "delivery"):
        found[pk].sends[state] += count
        found[pk].delivery[delivery] += count
    answered = Send.objects.filter(campaign__in=campaign_ids, replied_at__isnull=False).order_by()
    counts = answered.values_list("campaign").annotate(
        replied=Count("pk"), opted_out=Count("pk", filter=Exists(opted_out_after()))
    )
    for pk, replied, opted_out in counts:
        found[pk] = Progress(found[pk].sends, found[pk].delivery, replied, opted_out)
    return found


def by_state(sends: QuerySet[Send], *also: str) -> QuerySet[Any, tuple[Any, ...]]:
    """State, `also` and how many: the index of a campaign's progress counts what no worker holds, and the rest is few.

    In one statement, lest a text be missed or counted twice that moves meanwhile. A state may come in several rows.
    Rows are counted, not keys, which the index does not know.
    """
    rest, held = sends.exclude(stage=Send.IN_HAND), sends.filter(stage=Send.IN_HAND)
    arms = [
        some.order_by().values_list(known, *also).annotate(count=Count("*"))
        for some, known in ((rest, "stage"), (held, "state"))
    ]
    return arms[0].union(arms[1], all=True)


def opted_out_after() -> QuerySet[Suppression]:
    """The opt-outs by reply that came after a send; for a condition on sends."""
    return Suppression.objects.filter(
        phone=OuterRef("to"), source=Suppression.Source.REPLY, created_at__gte=OuterRef("posted_at")
    )


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
