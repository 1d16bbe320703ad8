"""Who somebody is to us: where they are, what their clock says, and whether they may be texted now."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from campaigns.hours_wording import clock, zone_name
from campaigns.models import Account, Mode
from campaigns.places import names_of
from campaigns.timing import Lawful, next_lawful_minute
from contacts.models import Contact, Suppression
from contacts.phones import InvalidPhone, parse_phone, pretty
from conversations.models import Conversation


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer in a sentence, its tone (good, warn, bad), and the sentences that lead to it."""

    answer: str
    tone: str
    their_time: str = ""
    place: str = ""
    reasons: list[str] = field(default_factory=list)
    # A person may answer outside the hours, and is asked first; nobody may write where texts are stopped.
    may_be_written_to: bool = True


def standing_of(contact: Contact, now: datetime | None = None) -> Standing:
    """May this person be texted at `now`?"""
    now = now or timezone.now()
    account = _account(contact)
    lawful = next_lawful_minute(contact.phone, contact.time_zone, account, now) if account else None
    their_time = _their_time(lawful) if lawful else ""
    place = names_of(lawful.where.places) if lawful and lawful.where.places else ""
    if (stopped := Suppression.objects.standing().filter(phone=contact.phone).first()) is not None:
        return _stopped(stopped, their_time, place)
    earlier = _earlier_remark(contact)
    warnings = [*filter(None, (earlier, _line_remark(contact.phone)))]
    reasons = [*warnings, *(lawful.reasons if lawful else ()), *filter(None, [_consent_remark(contact)])]
    if lawful is None:
        return Standing("Nobody can be texted yet: there is no account.", "warn", their_time, place, reasons)
    answer = _answer(lawful)
    if earlier and lawful.window is not None:
        answer = f"{answer.removesuffix('.')}, but ask them first: an earlier number of theirs is opted out."
    return Standing(answer, _tone(lawful, warnings), their_time, place, reasons)


def _stopped(suppression: Suppression, their_time: str, place: str) -> Standing:
    since = timezone.localtime(suppression.created_at)
    day, words = f"{since:%B} {since.day}, {since.year}", f"“{suppression.evidence}”" if suppression.evidence else ""
    if suppression.under_review:
        answer = f"Must not be texted now: texts rest since {day}, until somebody decides whether they meant stop."
        return Standing(answer, "warn", their_time, place, [f"They wrote {words}. {suppression.doubt}"], False)
    answer = f"Must not be texted: opted out on {day}."
    return Standing(answer, "bad", their_time, place, [f"{suppression.get_source_display()}. {words}".strip()], False)


def _account(contact: Contact) -> Account | None:
    """That of their conversation, else the first: its hours count."""
    talk = Conversation.objects.filter(contact=contact, mode=Mode.current()).select_related("agent__account").first()
    return talk.agent.account if talk else Account.objects.order_by("pk").first()


def _answer(lawful: Lawful) -> str:
    if lawful.window is None:
        return "Cannot be texted at any hour."
    zone = _zone(lawful)
    if lawful.now:
        return f"May be texted until {clock(lawful.window.closes.astimezone(zone))} {_whose(lawful, zone)}."
    opens = lawful.window.opens.astimezone(zone)
    return f"Not at this hour: may be texted from {opens:%A}, {clock(opens)} {_whose(lawful, zone)}."


def _tone(lawful: Lawful, warnings: list[str]) -> str:
    if lawful.window is None:
        return "bad"
    return "good" if lawful.now and not warnings else "warn"


def _zone(lawful: Lawful) -> ZoneInfo:
    return ZoneInfo(lawful.where.zones[0]) if lawful.where.zones else ZoneInfo(timezone.get_current_timezone_name())


def _whose(lawful: Lawful, zone: ZoneInfo) -> str:
    return "their time" if len(lawful.where.zones) == 1 else zone_name(zone.key)


def _their_time(lawful: Lawful) -> str:
    """What the clocks say on which they may live: one, or the earliest and the latest."""
    if not lawful.where.zones:
        return ""
    clocks = sorted({lawful.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for zone in lawful.where.zones})
    first, last = clocks[0], clocks[-1]
    if first == last:
        return f"It is {clock(first)} there now, {first:%A}."
    return f"It is between {clock(first)} and {clock(last)} there now."


def _earlier_remark(contact: Contact) -> str:
    """An opt-out is of a number, so it does not follow somebody to another one: whoever texts them has to know.

    A number that is somebody else's by now says nothing of this person.
    """
    earlier = contact.earlier_numbers.exclude(phone__in=Contact.objects.values("phone")).values("phone")
    stopped = Suppression.objects.standing().filter(phone__in=earlier, under_review=False).first()
    if stopped is None:
        return ""
    return f"Their earlier number {pretty(stopped.phone)} is opted out. That opt-out does not cover this number."


def _line_remark(phone: str) -> str:
    try:
        line = parse_phone(phone)
    except InvalidPhone as problem:
        return f"The number is in doubt: {problem}"
    return "" if line.can_receive_texts else f"This is a {line.kind} number; it will probably receive no texts."


def _consent_remark(contact: Contact) -> str:
    return "" if contact.consent_source else "No consent is on record."
