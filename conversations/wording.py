"""The lines of a conversation in words: who spoke, when on whose clock, and what became of our texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from campaigns.models import Campaign, Send
from contacts.models import Contact
from contacts.phones import time_zones
from conversations.models import Conversation, Entry, HandOverMail, Message, name_of

Kind = Entry.Kind
# What is said of a text that was to hand back to the agent and ended so, by the tone of its end.
HANDED_BACK = {
    "bad": "It was to hand back to the agent; that did not happen.",
    "doubtful": "It was to hand back to the agent; whether that happened is not known.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One text, note or event. `side` is ours, theirs, note or event; `voice` who speaks: us, agent, contact, staff.

    `their_time` is empty where the person's clock shows what the reader's shows.
    """

    side: str
    voice: str
    author: str
    text: str
    at: datetime
    their_time: str = ""
    task: str = ""
    status: str = ""
    tone: str = ""
    tick: str = ""
    campaign: Campaign | None = None
    remark: str = ""


def line_of_send(send: Send, at: datetime, conversation: Conversation) -> Line:
    """One of our own texts: a campaign's, a test's, or what a colleague wrote."""
    reply = getattr(send, "reply", None)
    by_itself = "Automatic answer" if send.kind == Send.Kind.REPLY else send.get_kind_display()
    author = name_of(reply.by) if reply else send.campaign.name if send.campaign else by_itself
    status, tone, tick = status_of(send)
    remark = ""
    if reply and reply.hands_back:
        remark = HANDED_BACK.get(tone, "Handed back to the agent with this text.")
    return Line(
        "ours",
        "staff" if reply else "us",
        author,
        send.text,
        at,
        clock(at, zone_of(conversation.contact)),
        send.trigger,
        status,
        tone,
        tick,
        send.campaign,
        remark,
    )


def line_of_message(message: Message, conversation: Conversation) -> Line:
    """What came: from the person, from the agent, or from staff at Revmo."""
    theirs = message.author == Message.Author.CONTACT
    by_agent = message.author == Message.Author.AGENT
    taken = conversation.taken_over_at
    return Line(
        "theirs" if theirs else "ours",
        "contact" if theirs else "agent" if by_agent else "staff",
        str(conversation.contact) if theirs else message.get_author_display(),
        message.body,
        message.at,
        clock(message.at, zone_of(conversation.contact)),
        campaign=message.send.campaign if message.send and theirs else None,
        remark="The agent wrote this after the take-over." if by_agent and taken and message.at > taken else "",
    )


def line_of_entry(entry: Entry) -> Line:
    """A note, or what happened."""
    who = name_of(entry.by)
    if entry.kind == Kind.NOTE:
        return Line("note", "note", who, entry.text, entry.at)
    words = {
        Kind.TAKEN_OVER: f"{who} took over. No text was sent.",
        Kind.ASSIGNED: f"{who} gave this to {entry.text}.",
        Kind.RELEASED: f"{who} let go of this.",
        Kind.HANDED_BACK: f"{who} handed back to the agent.",
        Kind.DONE: f"{who} marked this as done.",
        Kind.SNOOZED: f"{who} put this off until {entry.text}.",
        Kind.HANDED_OVER: f"The agent asked for a human: {entry.text}",
        Kind.AGENT_ON: "Revmo says: the agent was switched on.",
        Kind.AGENT_OFF: "Revmo says: the agent was switched off.",
    }
    return Line("event", "event", "", words[Kind(entry.kind)], entry.at, remark=_mail(entry))


def status_of(send: Send) -> tuple[str, str, str]:
    """What became of our text in words, how it is coloured, and its tick."""
    if send.delivery == Send.Delivery.DELIVERED:
        return "Delivered", "good", "done_all"
    if send.delivery == Send.Delivery.UNDELIVERED:
        return f"Not delivered: {send.delivery_error or 'no reason given'}", "bad", "error"
    if send.state == Send.State.UNKNOWN:
        return "Unknown: it may or may not have been sent", "doubtful", "help"
    if send.state == Send.State.POSTING:
        return "Being sent", "", "schedule"
    if send.state in Send.UNSENT:
        return _waiting(send), "", "schedule"
    if send.state != Send.State.ACCEPTED:
        return f"Not sent: {send.reason}", "bad", "error"
    return ("On its way", "", "check") if send.delivery == Send.Delivery.SENT else ("Sent, no receipt yet", "", "check")


def zone_of(contact: Contact) -> ZoneInfo | None:
    """The person's zone: their own, else the only one that the number can stand for."""
    zones = (contact.time_zone,) if contact.time_zone else time_zones(contact.phone)
    return ZoneInfo(zones[0]) if len(zones) == 1 else None


def clock(at: datetime, zone: ZoneInfo | None) -> str:
    """The time on the person's clock, with its zone, if it differs from the reader's."""
    if zone is None or at.astimezone(zone).utcoffset() == timezone.localtime(at).utcoffset():
        return ""
    theirs = at.astimezone(zone)
    return f"{theirs:%-I:%M %p} {theirs:%Z}"


def labelled(metadata: dict[str, object]) -> Iterator[tuple[str, str]]:
    """What the agent was told: names and values for people, without our own reference."""
    for name, value in metadata.items():
        if name != settings.REVMO_REFERENCE_KEY:
            yield name.replace("_", " ").strip().capitalize(), _plain(value)


def _waiting(send: Send) -> str:
    due = timezone.localtime(send.due_at)
    if send.due_at <= timezone.now():
        return "Waiting to be sent"
    return f"Goes out {due:%a %b} {due.day}, {due:%-I:%M %p}"


def _mail(entry: Entry) -> str:
    try:
        mail = entry.mail
    except HandOverMail.DoesNotExist:
        return ""
    return (
        "The e-mail to staff on duty failed; it is not tried again." if mail.problem else "Staff on duty got an e-mail."
    )


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
