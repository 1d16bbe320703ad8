"""Who has a conversation, and until when it may rest. Nothing here sends a text."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import Agent, Mode, Send
from campaigns.sending.statements import run
from contacts.models import Contact
from conversations import attention
from conversations.freshness import STILL_WRITING
from conversations.models import Conversation, Entry, Writing, name_of
from conversations.querysets import ConversationQuerySet

Kind = Entry.Kind
MORNING = 9


_WRITERS = """
SELECT coalesce(nullif(btrim(concat_ws(' ', person.first_name, person.last_name)), ''), person.username)
FROM conversations_writing AS writing JOIN auth_user AS person ON person.id = writing.user_id
WHERE writing.conversation_id = %(conversation)s AND writing.user_id <> %(besides)s
    AND writing.at > statement_timestamp() - %(within)s
ORDER BY 1
"""


class CannotKeep(ValueError):
    """Nothing was changed; the text is a sentence for the person who tried."""


def begin(contact: Contact) -> Conversation:
    """The conversation in which staff write to this person; nothing is sent. Raises CannotKeep.

    With the agent who texted them last, else with the default one.
    """
    sent = Send.objects.filter(contact=contact, mode=Mode.current()).select_related("agent").order_by("-id").first()
    agent = sent.agent if sent else Agent.objects.first()
    if agent is None:
        raise CannotKeep("There is no agent yet, and so no account to text from. Add one under Settings.")
    return Conversation.objects.get_or_create(contact=contact, agent=agent, mode=Mode.current())[0]


def take_over(pk: int, *, by: User, instead_of: str) -> None:
    """Say that `by` answers from here on. `instead_of`: who the page said has it, so that two do not both take it.

    Raises CannotKeep where somebody else was first.
    """
    with _changed(pk) as conversation:
        holder = conversation.holder_id
        if holder not in (None, by.pk) and str(holder) != instead_of:
            raise CannotKeep(f"{name_of(conversation.holder)} was first and has this now. Nothing was changed.")
        now = timezone.now()
        if holder != by.pk:
            conversation.holder, conversation.held_since = by, now
        if conversation.taken_over_at is None or holder != by.pk:
            conversation.entries.create(kind=Kind.TAKEN_OVER, by=by, at=now)
        conversation.taken_over_at = conversation.taken_over_at or now
        conversation.snoozed_until = None


def assign(pk: int, *, to: User | None, by: User) -> None:
    """Give it to a colleague, or to nobody; whoever answers, agent or staff, stays as it was."""
    with _changed(pk) as conversation:
        if conversation.holder_id == (to.pk if to else None):
            return
        now = timezone.now()
        conversation.holder, conversation.held_since = to, now if to else None
        kind = Kind.ASSIGNED if to else Kind.RELEASED
        conversation.entries.create(kind=kind, by=by, at=now, text=name_of(to) if to else "")


def note(pk: int, text: str, *, by: User) -> None:
    """Write something for colleagues; it is never sent. Raises CannotKeep if it is empty."""
    if not text.strip():
        raise CannotKeep("There is nothing in the note yet.")
    with _changed(pk) as conversation:
        conversation.entries.create(kind=Kind.NOTE, by=by, at=timezone.now(), text=text.strip())


def done(conversations: ConversationQuerySet, *, by: User) -> int:
    """Close those of them that are open; how many were. A new text opens one again."""
    count = 0
    for pk in conversations.open().order_by("pk").values_list("pk", flat=True):
        with _changed(pk) as conversation:
            if not conversation.is_open:  # somebody was first
                continue
            attention.settle(conversation)
            conversation.holder = conversation.held_since = conversation.taken_over_at = None
            conversation.entries.create(kind=Kind.DONE, by=by, at=timezone.now())
            count += 1
    return count


def snooze(pk: int, until: datetime, *, by: User) -> None:
    """Out of the way until then, when it comes back as unread; a new text wakes it before. Raises CannotKeep."""
    if until <= timezone.now():
        raise CannotKeep("That time is over. Choose one that lies ahead.")
    with _changed(pk) as conversation:
        conversation.snoozed_until, conversation.unread = until, True
        when = date_format(timezone.localtime(until), "M j, g:i A")
        conversation.entries.create(kind=Kind.SNOOZED, by=by, at=timezone.now(), text=when)


def snooze_choices() -> dict[str, tuple[str, Callable[[], datetime]]]:
    """Times that staff often want, on the reader's clock."""
    return {
        "hour": ("In an hour", lambda: timezone.now() + timedelta(hours=1)),
        "tomorrow": ("Tomorrow at 9:00 AM", lambda: _morning(1)),
        "monday": ("Monday at 9:00 AM", lambda: _morning(7 - timezone.localtime().weekday())),
    }


def writes(conversation: Conversation, by: User) -> None:
    """Note that somebody is typing an answer."""
    Writing.objects.update_or_create(conversation=conversation, user=by, defaults={"at": timezone.now()})


def writers(conversation: Conversation, besides: User) -> list[str]:
    """Who else is typing one right now."""
    rows = run(_WRITERS, {"conversation": conversation.pk, "besides": besides.pk, "within": STILL_WRITING})
    return [name for (name,) in rows]


@contextmanager
def _changed(pk: int) -> Iterator[Conversation]:
    with transaction.atomic():
        conversation = attention.locked(pk)
        yield conversation
        attention.save(conversation)


def _morning(days: int) -> datetime:
    day = timezone.localtime() + timedelta(days=days)
    return day.replace(hour=MORNING, minute=0, second=0, microsecond=0)
