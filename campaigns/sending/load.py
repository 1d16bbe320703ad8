"""What the workers have in hand and what waits for them, for people to look at."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from campaigns.models import Account, Campaign, Mode, Send, Worker
from campaigns.sending import pacing, sharing

State = Send.State


@dataclass(frozen=True, slots=True)
class Hand:
    """One worker: what it does just now. `silent` is set where it has not been heard of for too long."""

    worker: Worker
    in_flight: int
    slots: int
    claimed: int
    silent: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """What one account owes in this mode: due now, later, held by a pause; `oldest` of what is due."""

    account: Account
    due: int
    later: int
    held: int
    under_way: int
    oldest: datetime | None
    left_today: int | None
    share_of_rate: float


def workers() -> list[Hand]:
    """All that were heard of lately."""
    silent_since = timezone.now() - sharing.ALIVE
    found = Worker.objects.annotate(
        in_flight=Sum("shares__in_flight", default=0),
        slots=Sum("shares__slots", default=0),
        claimed=Sum("shares__claimed", default=0),
    )
    return [Hand(one, one.in_flight, one.slots, one.claimed, one.seen_at < silent_since) for one in found]


def accounts() -> list[Queue]:
    """What waits, account by account."""
    mode, now = Mode.current(), timezone.now()
    runs = Q(campaign__isnull=True) | Q(campaign__status=Campaign.Status.RUNNING)
    queues = []
    for account in Account.objects.order_by("name"):
        sends = Send.objects.filter(agent__account=account, mode=mode)
        waiting = sends.filter(state__in=Send.UNSENT).aggregate(
            due=Count("pk", filter=runs & Q(due_at__lte=now)),
            later=Count("pk", filter=runs & Q(due_at__gt=now)),
            held=Count("pk", filter=~runs),
            oldest=Min("due_at", filter=runs & Q(due_at__lte=now)),
        )
        queues.append(
            Queue(
                account,
                **waiting,
                under_way=sends.filter(state=State.POSTING, lease_until__isnull=False).count(),
                left_today=pacing.left_today(account, mode, now),
                share_of_rate=pacing.share_of_rate(account, mode),
            )
        )
    return queues
