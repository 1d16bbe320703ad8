"""All that we can show for a number: consent, every text in its local time, opt-outs and how fast they were kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.models import Mode, Send
from contacts.models import Contact, Suppression
from contacts.phones import time_zones
from conversations.matching import MAY_HAVE_LEFT
from conversations.models import Message

COLUMNS = ("When (UTC)", "Where they are", "Zone", "Who", "What", "What became of it", "Campaign")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; `at` is UTC, `local` the same moment where the person is."""

    at: datetime
    local: str
    who: str
    text: str
    outcome: str = ""
    campaign: str = ""
    grave: bool = False


@dataclass(frozen=True, slots=True)
class OptOut:
    """One opt-out and how it was kept. `seconds` from their word to the moment from which nothing was sent any more.

    `after`: texts whose sending began after it stood, which must be none; the one that confirms it does not count.
    """

    row: Suppression
    seconds: float | None
    after: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The whole record of a number in one mode, the oldest line first."""

    phone: str
    contact: Contact | None
    zone: str
    lines: list[Line]
    opt_outs: list[OptOut]


def proof_of(phone: str, mode: Mode) -> Proof:
    """Read it off what is stored; nothing is made up where nothing is known."""
    contact = Contact.objects.filter(phone=phone).first()
    zones = (contact.time_zone,) if contact and contact.time_zone else time_zones(phone)
    zone = zones[0] if len(zones) == 1 else ""
    sends = Send.objects.filter(to=phone, mode=mode, state__in=MAY_HAVE_LEFT).select_related("campaign")
    texts = Message.objects.filter(conversation__contact__phone=phone, conversation__mode=mode)
    rows = list(Suppression.objects.filter(phone=phone).select_related("created_by", "lifted_by").order_by("pk"))
    lines = [_sent(send, zone) for send in sends]
    lines += [_said(text, zone) for text in texts.select_related("send__campaign")]
    lines += [line for row in rows for line in _decided(row, zone)]
    if contact and contact.consent_at:
        lines.append(_line(contact.consent_at, zone, "They", "Consent", contact.consent_text or contact.consent_source))
    lines.sort(key=lambda line: line.at)
    return Proof(phone, contact, zone, lines, [_kept(row, sends) for row in rows])


def cells(proof: Proof) -> list[tuple[str, ...]]:
    """The lines as rows under `COLUMNS`."""
    return [
        (
            f"{line.at:%Y-%m-%d %H:%M:%S}",
            line.local,
            proof.zone or "unknown",
            line.who,
            line.text,
            line.outcome,
            line.campaign,
        )
        for line in proof.lines
    ]


def _line(at: datetime, zone: str, who: str, text: str, outcome: str = "", **more: Any) -> Line:
    local = f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}" if zone else "unknown"
    return Line(at, local, who, text, outcome, **more)


def _sent(send: Send, zone: str) -> Line:
    said = send.text or f"Task “{send.trigger}” for the agent"
    outcome = send.get_state_display()
    if send.delivery != Send.Delivery.NONE:
        outcome = f"{outcome}, {send.get_delivery_display().lower()}"
    who = f"We ({send.get_kind_display().lower()})"
    campaign = send.campaign.name if send.campaign else ""
    return _line(send.posted_at or send.created_at, zone, who, said, outcome, campaign=campaign)


def _said(message: Message, zone: str) -> Line:
    who = "They" if message.author == Message.Author.CONTACT else message.get_author_display()
    campaign = message.send.campaign.name if message.send and message.send.campaign else ""
    return _line(message.at, zone, who, message.body, campaign=campaign)


def _decided(row: Suppression, zone: str) -> list[Line]:
    first = "Opted out" if not row.doubt else "Texts rest until a person decides"
    lines = [_line(row.created_at, zone, row.get_source_display(), row.evidence, first, grave=True)]
    if row.decided_at is not None:
        lines.append(_line(row.decided_at, zone, str(row.decided_by or "They"), row.doubt, "Meant stop", grave=True))
    if row.lifted_at is not None:
        lines.append(_line(row.lifted_at, zone, str(row.lifted_by or "They"), row.lift_reason, "May be texted again"))
    return lines


def _kept(row: Suppression, sends: Any) -> OptOut:
    later = sends.filter(posted_at__gt=row.created_at).exclude(pk=row.confirmation_id)
    if row.lifted_at is not None:
        later = later.filter(posted_at__lt=row.lifted_at)
    seconds = (row.created_at - row.said_at).total_seconds() if row.said_at else None
    return OptOut(row, seconds, later.count())
