"""What was said after our text: by the person, by the agent, by staff at Revmo; and who should look at it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import Send
from campaigns.sending import brakes
from contacts.models import Suppression
from conversations import attention, matching
from conversations.hand_over_mail import mail_after_commit
from conversations.models import Conversation, Entry, Message, WebhookEvent, name_of
from conversations.opt_outs import Reading, Words, read
from revmo.events import AgentEvent, Author, HandoffEvent, MessageEvent

# An agent may say our very words again later; only what comes back soon after our call is its echo.
ECHO_WITHIN = timedelta(minutes=15)


def apply_text(text: MessageEvent, event: WebhookEvent, at: datetime, words: Words) -> str:
    """Add a text to its conversation; returns a note for staff, often empty. Raises NotMatched."""
    from_contact = text.author == Author.CONTACT
    phone = matching.e164(text.sender if from_contact else text.to)
    send = matching.send_of_thread(text.thread_id, phone)
    if not from_contact and _echoes(text, send, at):
        return "Our own text, as Revmo sent it."
    conversation = matching.conversation_of(send)
    if _is_known(conversation, text, event):
        return "This text was already here."
    conversation.messages.create(
        author=Message.Author(text.author.value),
        body=text.body,
        thread_id=text.thread_id,
        message_id=text.message_id,
        send=send,
        event=event,
        at=at,
    )
    conversation.said += 1
    _is_newest(conversation, at)
    if from_contact:
        _note_reply(conversation, send, text.body, at, words)
    elif text.author == Author.AGENT:
        _note_agent(conversation, at)
    conversation.save()
    return ""


def write_down_contacts(events: Sequence[WebhookEvent]) -> None:
    """What the contacts' rows say of their conversations, for a whole round: in one order, so that nobody deadlocks."""
    said = Message.objects.filter(event__in=events).values_list("conversation__contact", flat=True)
    told = Entry.objects.filter(event__in=events).values_list("conversation__contact", flat=True)
    attention.write_down({*said, *told})


def apply_handoff(handoff: HandoffEvent, event: WebhookEvent, at: datetime) -> str:
    """The agent asks for a person; told once, however often the event comes. Raises NotMatched."""
    conversation = matching.conversation_of(matching.send_of_thread(handoff.thread_id, ""))
    reason = handoff.reason or "The agent asked for a person and gave no reason."
    if Entry.objects.filter(event=event).exists():
        return "This hand-over was already here."
    entry = conversation.entries.create(kind=Entry.Kind.HANDED_OVER, text=reason, event=event, at=at)
    attention.ask_for_a_human(conversation, reason, at)
    conversation.handed_over_at = conversation.handed_over_at or at
    _is_newest(conversation, at)
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
    _is_newest(conversation, at)
    conversation.save()
    return ""


def _echoes(text: MessageEvent, send: Send, at: datetime) -> bool:
    """Is it one of our own texts, said back to us?"""
    words = text.body.split()
    about_then = (at - ECHO_WITHIN, at + ECHO_WITHIN)
    return any(words == ours.text.split() for ours in matching.sends_beside(send, about_then))


def _is_known(conversation: Conversation, text: MessageEvent, event: WebhookEvent) -> bool:
    same = Q(event=event)
    if text.message_id:
        same |= Q(conversation=conversation, message_id=text.message_id)
    return Message.objects.filter(same).exists()


def _is_newest(conversation: Conversation, at: datetime) -> None:
    if conversation.last_message_at is None or conversation.last_message_at < at:
        conversation.last_message_at = at


def _note_reply(conversation: Conversation, send: Send, body: str, at: datetime, words: Words) -> None:
    Send.objects.filter(pk=send.pk, replied_at__isnull=True).update(replied_at=at)
    conversation.unread, conversation.snoozed_until = True, None
    if send.campaign_id is not None and brakes.complains(body, send.agent.account.complaint_words):
        brakes.note_reply(send.campaign_id, body)
    said = read(body, words)
    if said.reading is Reading.STOP:
        return
    if said.reading in (Reading.DOUBT, Reading.LOOK):
        attention.ask_for_a_human(conversation, f"The reply contains “{said.word}”. Do they want no more texts?", at)
    elif said.reading is Reading.START and Suppression.objects.standing().filter(phone=send.to).exists():
        attention.ask_for_a_human(conversation, f"They texted “{body.strip()}”. May they be texted again?", at)
    elif nobody_answers := _why_nobody_answers(conversation, send):
        attention.ask_for_a_human(conversation, nobody_answers, at)


def _why_nobody_answers(conversation: Conversation, send: Send) -> str:
    """Why this reply waits for a person, or nothing: the agent answers it."""
    if conversation.taken_over_at is not None:
        who = name_of(conversation.holder) if conversation.holder_id else "Staff"
        return f"{who} took over; an answer came."
    if send.no_agent:
        return "Replied to a text that was sent without the agent."
    return "Replied while the agent is off, as Revmo told us." if conversation.agent_enabled is False else ""


def _note_agent(conversation: Conversation, at: datetime) -> None:
    """An agent that talks although somebody took over is put before a person at once."""
    if conversation.taken_over_at is not None and at > conversation.taken_over_at:
        attention.ask_for_a_human(conversation, "The agent texted after the take-over.", at)
