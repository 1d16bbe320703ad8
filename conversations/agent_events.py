"""What Revmo tells us of the agent: that it asks for a person, that somebody switched it. Each told once."""

from datetime import datetime

from conversations import attention, matching
from conversations.hand_over_mail import mail_after_commit
from conversations.models import Conversation, Entry, Message, WebhookEvent
from revmo.events import AgentEvent, HandoffEvent

# Why a reply waits for a person.
NOBODY_ANSWERED = "Replied while the agent is off, as Revmo told us."


def apply_handoff(handoff: HandoffEvent, event: WebhookEvent, at: datetime) -> str:
    """The agent asks for a person; told once, however often the event comes. Raises NotMatched."""
    conversation = matching.conversation_of(matching.send_of_thread(handoff.thread_id, ""))
    reason = handoff.reason or "The agent asked for a person and gave no reason."
    if Entry.objects.filter(event=event).exists():
        return "This hand-over was already here."
    entry = conversation.entries.create(kind=Entry.Kind.HANDED_OVER, text=reason, event=event, at=at)
    attention.ask_for_a_human(conversation, reason, at)
    conversation.handed_over_at = conversation.handed_over_at or at
    attention.is_newest(conversation, at)
    conversation.save()
    mail_after_commit(entry)
    return ""


def apply_agent_switch(switch: AgentEvent, event: WebhookEvent, at: datetime) -> str:
    """Somebody switched the agent at Revmo; the newest word stands. Raises NotMatched.

    Unsigned, nothing changes: staff would else believe the agent silent on the word of whoever holds the URL.
    """
    if not event.signed:
        return "Not signed, so what we know of the agent stays as it was."
    conversation = matching.conversation_of(matching.send_of_thread(switch.thread_id, ""))
    kind = Entry.Kind.AGENT_ON if switch.enabled else Entry.Kind.AGENT_OFF
    Entry.objects.get_or_create(event=event, defaults={"conversation": conversation, "kind": kind, "at": at})
    if conversation.agent_enabled_at is not None and conversation.agent_enabled_at > at:
        return "Came late: a newer word about the agent stands."
    conversation.agent_enabled, conversation.agent_enabled_at = switch.enabled, at
    conversation.agent_thread_id = switch.thread_id
    if not switch.enabled and _waits_since(conversation, at):
        attention.ask_for_a_human(conversation, NOBODY_ANSWERED, at)
    attention.is_newest(conversation, at)
    conversation.save()
    return ""


def _waits_since(conversation: Conversation, at: datetime) -> bool:
    """Has the person written since then, and nobody dealt with it? Then their text came before this word."""
    theirs = conversation.messages.filter(author=Message.Author.CONTACT, at__gt=at)
    return conversation.unread and theirs.exists()
