"""Staff answer a person: one text, once, and never unknowingly over a colleague or a text that has just come in.

A reply goes without the agent (`no_agent`), so that nobody talks over it. Handing back is a text as well, which carries
the agent again: it goes only within the person's hours, because the agent goes on from there by itself.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import Send
from campaigns.models.campaigns import MAX_TEXT_LENGTH
from campaigns.sending.owing import CannotOwe, owe
from contacts.suppressing import lock_numbers
from conversations import attention
from conversations.hours import Hours, hours_of
from conversations.models import Conversation, Entry, Reply, Writing, name_of

NOW, OPENING = "now", "opening"


@dataclass(frozen=True, slots=True)
class Letter:
    """What the form said. `seen`: the count of texts that its writer had before them; `agreed`: the doubts they accept.

    `when` is empty until they were asked about the hour.
    """

    text: str
    form_token: UUID
    seen: int
    agreed: str = ""
    when: str = ""
    hands_back: bool = False


class CannotAnswer(ValueError):
    """Nothing was sent; the text is a sentence for the person who tried."""


class Doubts(Exception):
    """Nothing was sent yet: the writer is asked. `token` stands for just these doubts; others are asked anew."""

    def __init__(self, came_in: int, holder: str, hours: Hours | None, token: str) -> None:
        super().__init__("Asked before sending.")
        self.came_in, self.holder, self.hours, self.token = came_in, holder, hours, token


def answer(conversation: Conversation, letter: Letter, *, by: User) -> Reply:
    """Queue the text for the person; returns the row that a first press of the same form made.

    Raises CannotAnswer, and Doubts where somebody else has it, something was said since, or the hour is not theirs.
    """
    text = letter.text.strip()
    _check(text)
    contact = conversation.contact
    with transaction.atomic():
        # In the order of intake, which may hold the number before it wants the conversation.
        lock_numbers([contact.phone], shared=True)
        locked = attention.locked(conversation.pk)
        first = Reply.objects.filter(send__form_token=letter.form_token).select_related("send").first()
        if first is not None and first.send.text == text:
            return first
        hours = hours_of(contact, conversation.agent.account)
        if not conversation.is_suppressed:  # there nothing is asked, it is refused below
            _ask(locked, letter, hours, by)
        send = _owe(conversation, text, letter, hours)
        reply = Reply.objects.create(
            send=send, conversation=locked, by=by, hands_back=letter.hands_back, at=timezone.now()
        )
        _note(locked, reply, by)
    return reply


def _check(text: str) -> None:
    if not text:
        raise CannotAnswer("There is nothing in it yet. Nothing was sent.")
    if len(text) > MAX_TEXT_LENGTH:
        raise CannotAnswer(f"{len(text):,} characters; at most {MAX_TEXT_LENGTH:,} can be sent. Nothing was sent.")
    if "{{" in text or "{%" in text:
        raise CannotAnswer(
            "A merge tag stands in it as it is, and would be sent so. Choose a saved reply to have it filled in, or "
            "write the value. Nothing was sent."
        )


def _ask(locked: Conversation, letter: Letter, hours: Hours, by: User) -> None:
    came_in = max(locked.said - letter.seen, 0)
    elsewhere = locked.holder_id not in (None, by.pk)
    token = f"{locked.said}.{locked.holder_id or ''}"
    agreed = letter.agreed == token or not (came_in or elsewhere)
    # A text that carries the agent never goes out at night; a person may answer at any hour, if they mean to.
    timely = (
        hours.is_open
        or (letter.when == OPENING and hours.opens is not None)
        or (letter.when == NOW and not letter.hands_back)
    )
    if agreed and timely:
        return
    holder = ""
    if elsewhere and letter.agreed != token:
        since = date_format(timezone.localtime(locked.held_since or timezone.now()), "g:i A")
        holder = f"{name_of(locked.holder)} has this since {since}."
    raise Doubts(0 if letter.agreed == token else came_in, holder, None if timely else hours, token)


def _owe(conversation: Conversation, text: str, letter: Letter, hours: Hours) -> Send:
    later = not hours.is_open and letter.when == OPENING
    # However long the queue, it leaves within these hours; only who was asked and wants it now is heard now.
    ends = hours.closes if later or hours.is_open else None
    try:
        return owe(
            kind=Send.Kind.REPLY,
            agent=conversation.agent,
            to=conversation.contact.phone,
            contact=conversation.contact,
            text=text,
            no_agent=not letter.hands_back,
            due_at=hours.opens if later else None,
            window_ends_at=ends,
            form_token=letter.form_token,
        )
    except CannotOwe as problem:
        raise CannotAnswer(str(problem)) from problem


def _note(conversation: Conversation, reply: Reply, by: User) -> None:
    """Whoever answers has it from then on; whoever hands back has it no longer."""
    attention.settle(conversation)
    conversation.said += 1
    conversation.last_message_at = max(conversation.last_message_at or reply.at, reply.at)
    if reply.hands_back:
        conversation.holder = conversation.held_since = conversation.taken_over_at = None
        conversation.entries.create(kind=Entry.Kind.HANDED_BACK, by=by, at=reply.at)
    else:
        if conversation.holder_id != by.pk:
            conversation.holder, conversation.held_since = by, reply.at
        if conversation.taken_over_at is None:
            conversation.taken_over_at = reply.at
            conversation.entries.create(kind=Entry.Kind.TAKEN_OVER, by=by, at=reply.at)
    Writing.objects.filter(conversation=conversation, user=by).delete()
    attention.save(conversation)
