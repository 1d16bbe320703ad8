"""A person's whole story in sentences: where they come from, what they agreed to, got and said, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Mode, RehearsedText, Send
from contacts import importing
from contacts.models import Contact, Suppression
from conversations.models import Conversation, Message

PAGE = 40
State, Delivery = Send.State, Send.Delivery


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: when, in a sentence, and where one reads more; `quote` is somebody's words.

    `tone` is good, warn, bad or nothing; `whole_day` says that the time of day is not known.
    """

    at: datetime
    sentence: str
    url: str = ""
    quote: str = ""
    tone: str = ""
    whole_day: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """The newest moments, oldest of them first, and how many came before."""

    moments: list[Moment]
    earlier: int


def story(contact: Contact, limit: int = PAGE, *, with_texts: bool = True) -> Story:
    """All that we know of this person in this mode; without texts for those who may not read them."""
    moments = [*_origins(contact), *_consent(contact), *_opt_outs(contact)]
    if with_texts:
        moments += [*_sends(contact), *_held_back(contact), *_said(contact), *_handed_over(contact)]
    moments.sort(key=lambda moment: moment.at)
    shown = moments[-limit:]
    return Story(shown, len(moments) - len(shown))


def _origins(contact: Contact) -> Iterator[Moment]:
    for line in importing.provenance(contact):
        verb = "brought" if line.made else "changed"
        page = reverse("admin:contacts_contactimport_change", args=[line.import_id])
        at = line.at or timezone.now()  # an import that still runs
        yield Moment(at, f"Row {line.row:,} of {line.file_name} {verb} this contact.", page)
    if contact.created_by_import_id is None:
        yield Moment(contact.created_at, "Added by hand.")


def _consent(contact: Contact) -> Iterator[Moment]:
    if contact.consent_at and contact.consent_source:
        how = contact.get_consent_source_display()
        yield Moment(
            contact.consent_at, f"Agreed to be texted ({_small(how)}).", "", contact.consent_text, "good", True
        )


def _opt_outs(contact: Contact) -> Iterator[Moment]:
    for one in Suppression.objects.filter(phone=contact.phone).select_related("created_by", "decided_by", "lifted_by"):
        page = reverse("admin:contacts_suppression_change", args=[one.pk])
        by = f" by {one.created_by}" if one.created_by else ""
        if one.doubt:
            yield Moment(one.created_at, "Texts to them rest until somebody decides.", page, one.evidence, "warn")
        else:
            said = f"Opted out ({_small(one.get_source_display())}{by}): no text leaves from then on."
            yield Moment(one.created_at, said, page, one.evidence, "bad")
        if one.decided_at:
            who = f"{one.decided_by} decided: they meant stop." if one.decided_by else "They said it plainly."
            yield Moment(one.decided_at, f"Opted out. {who} No text leaves from then on.", page, "", "bad")
        if one.lifted_at:
            who = f" by {one.lifted_by}" if one.lifted_by else ""
            lifted = f"The opt-out was lifted{who}."
            if one.doubt and not one.decided_at:
                lifted = f"{one.lifted_by} decided: they did not mean stop." if one.lifted_by else "Texts may go again."
            yield Moment(one.lifted_at, lifted, page, one.lift_reason)


def _sends(contact: Contact) -> Iterator[Moment]:
    theirs = Q(contact=contact) | Q(contact__isnull=True, to=contact.phone)
    for send in Send.objects.filter(theirs, mode=Mode.current()).select_related("campaign"):
        sentence, tone = sentence_of(send)
        at = send.posted_at or send.finished_at or send.created_at
        yield Moment(at, sentence, reverse("admin:campaigns_send_change", args=[send.pk]), send.text, tone)


def sentence_of(send: Send) -> tuple[str, str]:
    """What became of a text, in a sentence, and its tone."""
    what = f"“{send.campaign}”" if send.campaign else f"A {_small(send.get_kind_display())}"
    reason = f" {send.reason}" if send.reason else ""
    match State(send.state):
        case State.ACCEPTED:
            return _delivered(what, send)
        case State.UNKNOWN:
            return f"{what}: nobody can say whether it went out.{reason}", "warn"
        case State.POSTING:
            return f"{what} is being sent.", ""
        case State.QUEUED | State.CLAIMED:
            due = timezone.localtime(send.due_at)
            return f"{what} waits; it may leave from {due:%B} {due.day}, {due:%-I:%M %p}.{reason}", ""
        case State.FAILED:
            return f"{what} was not sent.{reason}", "bad"
        case _:
            return f"{what} was held back.{reason}", "warn"


def _delivered(what: str, send: Send) -> tuple[str, str]:
    when = f" at {timezone.localtime(send.delivery_at):%-I:%M %p}" if send.delivery_at else ""
    if send.delivery == Delivery.DELIVERED:
        return f"{what} was sent and delivered{when}.", "good"
    if send.delivery == Delivery.UNDELIVERED:
        return f"{what} was sent, but not delivered: {send.delivery_error or 'the carrier gave no reason'}.", "bad"
    return f"{what} was sent. {'It is on its way.' if send.delivery == Delivery.SENT else 'No receipt came yet.'}", ""


def _held_back(contact: Contact) -> Iterator[Moment]:
    """Whom a launched rehearsal left out, and why; the newest of a campaign is the one that was launched."""
    launched = Q(rehearsal__campaign__launched_at__isnull=False, rehearsal__campaign__mode=Mode.current())
    left_out = RehearsedText.objects.filter(launched, contact=contact).exclude(outcome=RehearsedText.Outcome.WILL_SEND)
    newest = left_out.annotate(newest=Max("rehearsal__campaign__rehearsals__pk"))
    for text in newest.select_related("rehearsal__campaign"):
        campaign: Any = text.rehearsal.campaign
        if text.newest == text.rehearsal_id:
            page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
            yield Moment(campaign.launched_at, f"“{campaign}” left them out: {text.reason}", page, "", "warn")


def _said(contact: Contact) -> Iterator[Moment]:
    messages = Message.objects.filter(conversation__contact=contact, conversation__mode=Mode.current())
    for message in messages:
        page = reverse("admin:conversations_conversation_change", args=[message.conversation_id])
        author = contact.first_name or "They"
        who = {Message.Author.CONTACT: f"{author} wrote:", Message.Author.AGENT: "The agent wrote:"}
        said = who.get(Message.Author(message.author), f"{message.get_author_display()} wrote:")
        yield Moment(message.at, said, page, message.body)


def _handed_over(contact: Contact) -> Iterator[Moment]:
    waiting = Conversation.objects.in_mode(Mode.current()).need_a_human().filter(contact=contact)
    for conversation in waiting:
        page = reverse("admin:conversations_conversation_change", args=[conversation.pk])
        if conversation.needs_human_since:
            yield Moment(conversation.needs_human_since, "Needs a person.", page, conversation.handoff_reason, "warn")


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
