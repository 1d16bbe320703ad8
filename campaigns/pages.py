"""What the campaign pages show, computed once for a request."""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone

from campaigns import counting, held_back
from campaigns.choices import Choice
from campaigns.models import Campaign, RehearsedText, Send
from campaigns.progress import Progress, progress
from campaigns.scripts import Scripted
from campaigns.segmenting import Clock, QuestionProblem
from contacts.models import Contact
from contacts.phones import pretty, time_zones

State, Delivery = Send.State, Send.Delivery
# What the history's filter by reason (`why`) takes for a carrier that gave none.
UNSAID = "-"
MOST_PROBLEMS = 20
# One colour for a state everywhere; the names are classes of pages.css.
COLOURS = {
    State.QUEUED: "waiting",
    State.CLAIMED: "waiting",
    State.POSTING: "busy",
    State.ACCEPTED: "good",
    State.UNKNOWN: "doubt",
    State.FAILED: "bad",
    State.SUPPRESSED: "rest",
    State.EXPIRED: "rest",
    State.CANCELED: "rest",
}

WITH_PROBLEMS = "Finished with problems"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar, and the list that its number opens."""

    label: str
    count: int
    percent: float
    colour: str
    url: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """A text as it will be read on a phone, or why there is none."""

    who: str
    number: str
    text: str
    when: str
    parts: int
    problem: str = ""


def history_url(campaign: Campaign, **filters: str) -> str:
    """The history, narrowed to some of the campaign's texts."""
    query = {"campaign__id__exact": campaign.pk, "mode": campaign.mode, **filters}
    return f"{reverse('admin:campaigns_send_changelist')}?{urlencode(query)}"


def state_bar(campaign: Campaign, counted: Progress) -> list[Part]:
    """All states that count something, what has ended before what waits, so that the bar fills from the left."""
    total = counted.total or 1
    ended = [state for state in State.values if state not in Send.OPEN]
    return [
        Part(
            str(State(state).label),
            count,
            100 * count / total,
            COLOURS[State(state)],
            history_url(campaign, state__exact=state),
        )
        for state in (*ended, State.POSTING, State.CLAIMED, State.QUEUED)
        if (count := counted.sends[state])
    ]


def funnel(campaign: Campaign, counted: Progress) -> list[Part]:
    """Sent, delivered, replied, opted out, problems; each opens its people."""
    total = counted.total or 1
    sent = counted.sends[State.ACCEPTED]
    steps = (
        ("Sent", sent, "good", {"state__exact": State.ACCEPTED.value}),
        ("Delivered", counted.delivery[Delivery.DELIVERED], "good", {"delivery__exact": Delivery.DELIVERED.value}),
        ("Replied", counted.replied, "busy", {"replied_at__isempty": "0"}),
        ("Opted out", counted.opted_out, "bad", {"opted_out": "1"}),
        (
            "Not delivered",
            counted.delivery[Delivery.UNDELIVERED],
            "bad",
            {"delivery__exact": Delivery.UNDELIVERED.value},
        ),
        ("Failed", counted.sends[State.FAILED], "bad", {"state__exact": State.FAILED.value}),
        ("Unknown", counted.sends[State.UNKNOWN], "doubt", {"state__exact": State.UNKNOWN.value}),
    )
    return [
        Part(label, count, 100 * count / total, colour, history_url(campaign, **filters))
        for label, count, colour, filters in steps
    ]


def state(campaign: Campaign, counted: Progress) -> tuple[str, str]:
    """Where it stands in words, and under which status that is coloured: never green where somebody was not reached."""
    if campaign.status == Campaign.Status.FINISHED and counted.unreached:
        return WITH_PROBLEMS, Campaign.Status.PAUSED.value
    return campaign.get_status_display(), campaign.status


@dataclass(frozen=True, slots=True)
class Problem:
    """Why some were not reached, in words; how many, and the list of them."""

    words: str
    count: int
    url: str


def problems(campaign: Campaign) -> list[Problem]:
    """Each reason why people were not reached, the commonest first."""
    bad = campaign.sends.filter(Send.in_states(State.FAILED, State.UNKNOWN)).order_by().values_list("state", "reason")
    found = [
        Problem(f"{State(state).label}: {reason}", count, history_url(campaign, state__exact=state, why=reason))
        for state, reason, count in bad.annotate(count=Count("pk"))
    ]
    lost = campaign.sends.filter(Send.in_states(State.ACCEPTED), delivery=Delivery.UNDELIVERED)
    filters = {"state__exact": State.ACCEPTED.value, "delivery__exact": Delivery.UNDELIVERED.value}
    for error, count in lost.order_by().values_list("delivery_error").annotate(count=Count("pk")):
        words = f"Not delivered: {error or 'the carrier did not say why.'}"
        found.append(Problem(words, count, history_url(campaign, **filters, why=error or UNSAID)))
    return sorted(found, key=lambda one: -one.count)


def live(campaign: Campaign) -> dict[str, Any]:
    """What changes while a campaign runs."""
    counted = progress(campaign)
    rate = campaign.agent.account.messages_per_second
    launching = campaign.status == Campaign.Status.LAUNCHING
    found = problems(campaign)
    snapshot = campaign.launched_rehearsal
    waiting = counted.sends[State.QUEUED] + counted.sends[State.CLAIMED]
    if launching and snapshot is not None:
        waiting = snapshot.will_send  # also those that are not queued yet
    running = campaign.status == Campaign.Status.RUNNING
    queued, now = campaign.sends.filter(Send.in_states(State.QUEUED)), timezone.now()
    upcoming = queued.filter(due_at__gt=now).aggregate(first=Min("due_at"))["first"]
    due = waiting and (upcoming is None or queued.filter(due_at__lte=now).exists())
    return {
        "campaign": campaign,
        "counted": counted,
        "state": state(campaign, counted),
        "bar": state_bar(campaign, counted),
        "funnel": funnel(campaign, counted),
        "problems": found[:MOST_PROBLEMS],
        "rarer_problems": found[MOST_PROBLEMS:],
        "waiting": waiting,
        "time_left": duration(waiting / rate) if running and due else "",
        "next_at": upcoming if running and not due else None,
        "rate": rate,
        "launching": launching,
        "snapshot": snapshot,
        "held_back_url": held_back.people_url(snapshot, held_back="1") if snapshot else "",
        "digest": _digest(campaign, counted),
        "under_way": campaign.status in Campaign.UNDER_WAY,
        "account": campaign.agent.account,
        "recent": campaign.sends.select_related("contact").exclude(posted_at=None).order_by("-posted_at")[:8],
        "history": history_url(campaign),
    }


def _digest(campaign: Campaign, counted: Progress) -> str:
    """What the live part shows, in short: the same digest, the same page."""
    stopped = campaign.agent.account.paused_at is not None
    shown = (*counted.sends.values(), *counted.delivery.values(), counted.replied, counted.opted_out, stopped)
    return f"{campaign.status}.{zlib.crc32(repr(shown).encode()):x}"


def counted(choice: Choice, clock: Clock, agent: Any = None) -> dict[str, Any]:
    """The sum of an audience, or why it cannot be counted; and the address of the people whom its numbers count.

    `agent` is the key of the agent in whose business's days the clock is.
    """
    if choice.is_empty:
        return {"nobody_chosen": True}
    try:
        return {"sum": counting.count(choice, clock), "who": _who_url(choice, agent)}
    except QuestionProblem as problem:
        return {"problem": str(problem)}


def _who_url(choice: Choice, agent: Any) -> str:
    """Up to the key of a line of the sum, which ends it."""
    query = choice.as_query() | ({"agent": str(agent)} if agent else {})
    return f"{reverse('admin:campaigns_campaign_who')}?{urlencode({**query, 'of': ''})}"


def bubble_of(text: RehearsedText) -> Bubble:
    """A rehearsed text as a phone shows it, and when it comes."""
    return bubble(text.contact, text, their_time(text.due_at, text.contact) if text.due_at else "")


def bubble(contact: Contact, scripted: Scripted | RehearsedText, when: str = "") -> Bubble:
    """A person's text as a phone shows it."""
    shown = scripted.text or ("The agent writes the first text from its trigger." if not scripted.reason else "")
    return Bubble(
        who=contact.full_name or "No name",
        number=pretty(contact.phone),
        text=shown,
        when=when,
        parts=scripted.segments,
        problem=scripted.reason,
    )


def their_time(at: datetime, contact: Contact) -> str:
    """An instant on the person's own clock, with the zone; UTC where the number does not tell it."""
    zones = (contact.time_zone,) if contact.time_zone else time_zones(contact.phone)
    zone = ZoneInfo(zones[0]) if len(zones) == 1 else timezone.get_current_timezone()
    local = at.astimezone(zone)
    return f"{local:%a %b} {local.day}, {local:%I:%M %p} {local.tzname()}"


def duration(seconds: float) -> str:
    """A length of time as a colleague would say it."""
    if seconds <= 5:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds)} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {round(seconds / 3600)} hours"
