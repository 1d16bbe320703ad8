"""What the workers have in hand and what waits for them, for people to look at."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Account, Campaign, Mode, Send, Worker
from campaigns.sending import pacing, sharing

State = Send.State
# How a text may wait, as staff read it; the history lists each apart.
WAITING = {
    "due": "Due now",
    "later": "Later",
    "held": "With its campaign, which is paused or has not begun",
    "under_way": "Under way to Revmo",
}


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
    """What one account owes in this mode, by the ways of WAITING; `oldest` of what is due."""

    account: Account
    due: int
    later: int
    held: int
    under_way: int
    oldest: datetime | None
    left_today: int | None
    share_of_rate: float

    @property
    def lists(self) -> dict[str, str]:
        """Where the texts that each number counts are listed."""
        history = reverse("admin:campaigns_send_changelist")
        return {way: f"{history}?{urlencode({'waits': way, 'account': self.account.pk})}" for way in WAITING}


def waiting(way: str, now: datetime) -> Q:
    """The texts that wait in one of the ways of WAITING."""
    # Not by a join, of which the planner expects nothing to be left: it then reads all there is to list the newest.
    running = Campaign.objects.filter(status=Campaign.Status.RUNNING)
    runs = Q(campaign__isnull=True) | Q(campaign__in=running.values("pk"))
    unsent = Send.in_states(*Send.UNSENT)
    return {
        "due": unsent & runs & Q(due_at__lte=now),
        "later": unsent & runs & Q(due_at__gt=now),
        "held": unsent & ~runs,
        "under_way": Send.in_states(State.POSTING),
    }[way]


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
    queues = []
    for account in Account.objects.order_by("name"):
        sends = Send.objects.filter(agent__account=account, mode=mode)
        unsent = sends.filter(Send.in_states(*Send.UNSENT)).aggregate(
            **{way: Count("pk", filter=waiting(way, now)) for way in ("due", "later", "held")},
            oldest=Min("due_at", filter=waiting("due", now)),
        )
        queues.append(
            Queue(
                account,
                **unsent,
                under_way=sends.filter(waiting("under_way", now)).count(),
                left_today=pacing.left_today(account, mode, now),
                share_of_rate=pacing.share_of_rate(account, mode),
            )
        )
    return queues
