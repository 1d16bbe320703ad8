"""A conversation as staff read it: our texts as sent and what was said after them, in order of time."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from campaigns.models import Campaign, Send
from contacts.models import Contact, Suppression
from contacts.phones import time_zones
from conversations.matching import MAY_HAVE_LEFT
from conversations.models import Conversation, Message

PAGE = 200


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text on the page. `their_time` is empty where the person's clock shows what the reader's shows."""

    ours: bool
    author: str
    text: str
    task: str
    at: datetime
    their_time: str
    status: str = ""
    tone: str = ""
    campaign: Campaign | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest texts, oldest of them first; `earlier` says that there are more before."""

    bubbles: list[Bubble]
    earlier: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What the agent was told with one of our texts: labelled values, no JSON."""

    send: Send
    details: list[tuple[str, str]]


def timeline(conversation: Conversation, limit: int = PAGE) -> Timeline:
    """The newest `limit` texts of the conversation over all its threads."""
    zone = zone_of(conversation.contact)
    sends = _sends(conversation).select_related("campaign").order_by("-posted_at", "-id")[: limit + 1]
    messages = (
        Message.objects.filter(conversation=conversation)
        .select_related("send__campaign")
        .order_by("-at", "-id")[: limit + 1]
    )
    bubbles = [_sent(send, zone) for send in sends]
    bubbles += [_said(message, conversation.contact, zone) for message in messages]
    bubbles.sort(key=lambda bubble: bubble.at, reverse=True)
    return Timeline(bubbles[:limit][::-1], len(bubbles) > limit)


def context(conversation: Conversation) -> Context | None:
    """What travelled with our newest text that told the agent anything, else with our newest text."""
    sends = _sends(conversation).select_related("campaign").order_by("-posted_at", "-id")
    send = sends.exclude(trigger="", metadata={}).first() or sends.first()
    return Context(send, list(_labelled(send.metadata))) if send else None


def suppression_of(contact: Contact) -> Suppression | None:
    """Why this person must not be texted, if so."""
    return Suppression.objects.standing().filter(phone=contact.phone).first()


def version(conversation: Conversation) -> str:
    """Changes with whatever the page shows: a text, a receipt, an opt-out, the agent, who is needed."""
    undecided = Q(delivery__in=[Send.Delivery.NONE, Send.Delivery.SENT])
    sent = _sends(conversation).aggregate(
        texts=Count("pk"),
        ended=Max("finished_at"),
        accepted=Count("pk", filter=Q(state=Send.State.ACCEPTED)),
        under_way=Count("pk", filter=Q(delivery=Send.Delivery.NONE)),
        decided=Count("pk", filter=~undecided),
    )
    said = Message.objects.filter(conversation=conversation).aggregate(Count("pk"), Max("pk"))
    suppression = Suppression.objects.standing().filter(phone=conversation.contact.phone).aggregate(Max("pk"))
    facts = [*sent.values(), *said.values(), *suppression.values(), conversation.unread]
    facts += [conversation.needs_human_since, conversation.agent_enabled_at, conversation.handoff_reason]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def zone_of(contact: Contact) -> ZoneInfo | None:
    """The person's zone: their own, else the only one that the number can stand for."""
    zones = (contact.time_zone,) if contact.time_zone else time_zones(contact.phone)
    return ZoneInfo(zones[0]) if len(zones) == 1 else None


def _sends(conversation: Conversation) -> QuerySet[Send]:
    contact = conversation.contact
    theirs = Q(contact=contact) | Q(contact__isnull=True, to=contact.phone)
    return Send.objects.filter(theirs, agent=conversation.agent_id, mode=conversation.mode, state__in=MAY_HAVE_LEFT)


def _sent(send: Send, zone: ZoneInfo | None) -> Bubble:
    status, tone = _status(send)
    at = send.posted_at or send.created_at
    author = send.campaign.name if send.campaign else send.get_kind_display()
    return Bubble(True, author, send.text, send.trigger, at, _clock(at, zone), status, tone, send.campaign)


def _said(message: Message, contact: Contact, zone: ZoneInfo | None) -> Bubble:
    ours = message.author != Message.Author.CONTACT
    author = message.get_author_display() if ours else str(contact)
    campaign = message.send.campaign if message.send and not ours else None
    return Bubble(ours, author, message.body, "", message.at, _clock(message.at, zone), campaign=campaign)


def _status(send: Send) -> tuple[str, str]:
    """What became of our text, in words, and how it is coloured."""
    if send.delivery == Send.Delivery.DELIVERED:
        return "Delivered", "good"
    if send.delivery == Send.Delivery.UNDELIVERED:
        return f"Not delivered: {send.delivery_error or 'no reason given'}", "bad"
    if send.state == Send.State.UNKNOWN:
        return "Unknown: it may or may not have been sent", "doubtful"
    if send.state == Send.State.POSTING:
        return "Being sent", ""
    return ("On its way", "") if send.delivery == Send.Delivery.SENT else ("Sent, no receipt yet", "")


def _clock(at: datetime, zone: ZoneInfo | None) -> str:
    """The time on the person's clock, with its zone, if it differs from the reader's."""
    if zone is None or at.astimezone(zone).utcoffset() == timezone.localtime(at).utcoffset():
        return ""
    theirs = at.astimezone(zone)
    return f"{theirs:%-I:%M %p} {theirs:%Z}"


def _labelled(metadata: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in metadata.items():
        if name != settings.REVMO_REFERENCE_KEY:
            yield name.replace("_", " ").strip().capitalize(), _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
