"""Who must look at a conversation, and what its contact's row knows of that.

A conversation is open while it needs a human, is unread, or somebody has it. `Contact.conversation_open` repeats it in
the same transaction, so that an audience can leave such people out without a join upward; simulated conversations are
no history of a person (promise 7), so they never count there.

Order of locks: number (advisory), conversation, send, contact.
"""

from collections.abc import Collection
from datetime import datetime

from campaigns.models import Mode
from contacts.models import Contact
from conversations.models import Conversation


def locked(pk: int) -> Conversation:
    """The conversation, held until the end of the transaction."""
    return Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def ask_for_a_human(conversation: Conversation, reason: str, at: datetime) -> None:
    """Put it before a person, with the reason beside those that stand already; it wakes. The caller saves."""
    conversation.snoozed_until = None
    if conversation.needs_human_since is None:
        conversation.needs_human_since, conversation.handoff_reason = at, reason
    elif reason not in conversation.handoff_reason:
        conversation.handoff_reason = f"{conversation.handoff_reason}\n{reason}".strip()


def is_newest(conversation: Conversation, at: datetime) -> None:
    """Something was said or happened at `at`; the newest stands. The caller saves."""
    if conversation.last_message_at is None or conversation.last_message_at < at:
        conversation.last_message_at = at


def settle(conversation: Conversation) -> None:
    """Nothing waits for a person any more. The caller saves."""
    conversation.needs_human_since = conversation.handed_over_at = conversation.snoozed_until = None
    conversation.handoff_reason, conversation.unread = "", False


def save(conversation: Conversation) -> None:
    """Write a locked conversation, and what the contact's row says of it."""
    conversation.save()
    if conversation.mode == Mode.LIVE:
        write_down([conversation.contact_id])


def write_down(contacts: Collection[int]) -> None:
    """Make `Contact.conversation_open` say what is so, for these contacts."""
    # Locked by a statement of its own: the next one then sees what whoever held the lock has committed.
    people = Contact.objects.filter(pk__in=contacts).order_by("pk")
    found = dict(people.select_for_update(no_key=True).values_list("pk", "conversation_open"))
    live = Conversation.objects.in_mode(Mode.LIVE).open().filter(contact__in=found)
    opened = set(live.values_list("contact", flat=True))
    for is_open in (True, False):
        wrong = [pk for pk, stands in found.items() if (pk in opened) is is_open and stands is not is_open]
        if wrong:
            Contact.objects.filter(pk__in=wrong).update(conversation_open=is_open)
