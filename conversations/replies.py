"""What was said after our text: by the person, by the agent, by staff at Revmo; and who should look at it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import Mode, Send
from campaigns.sending import brakes
from contacts.models import Contact, Suppression
from conversations import matching
from conversations.models import Conversation, Message, WebhookEvent
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
    if conversation.last_message_at is None or conversation.last_message_at < at:
        conversation.last_message_at = at
    if from_contact:
        _note_reply(conversation, send, text.body, at, words)
    conversation.save()
    return ""


def open_contacts(events: Sequence[WebhookEvent]) -> None:
    """Whoever has just said something live has an open conversation; in one order, so that nobody deadlocks.

    What a simulated phone says is no history of a person (promise 7).
    """
    said = Message.objects.filter(event__in=events, author=Message.Author.CONTACT, conversation__mode=Mode.LIVE)
    closed = Contact.objects.filter(pk__in=said.values("conversation__contact"), conversation_open=False)
    keys = list(closed.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    if keys:
        Contact.objects.filter(pk__in=keys).update(conversation_open=True)


def apply_handoff(handoff: HandoffEvent, at: datetime) -> str:
    """The agent asks for a person. Raises NotMatched."""
    conversation = matching.conversation_of(matching.send_of_thread(handoff.thread_id, ""))
    _ask_for_a_human(conversation, handoff.reason or "The agent asked for a person and gave no reason.", at)
    conversation.save()
    return ""


def apply_agent_switch(switch: AgentEvent, *, signed: bool, at: datetime) -> str:
    """Somebody switched the agent at Revmo; the newest word stands. Raises NotMatched.

    Unsigned, nothing changes: staff would else believe the agent silent on the word of whoever holds the URL.
    """
    if not signed:
        return "Not signed, so what we know of the agent stays as it was."
    conversation = matching.conversation_of(matching.send_of_thread(switch.thread_id, ""))
    if conversation.agent_enabled_at is not None and conversation.agent_enabled_at > at:
        return "Came late: a newer word about the agent stands."
    conversation.agent_enabled, conversation.agent_enabled_at = switch.enabled, at
    conversation.save()
    return ""


def _echoes(text: MessageEvent, send: Send, at: datetime) -> bool:
    words = text.body.split()
    return any(
        words == ours.text.split() and ours.posted_at is not None and abs(at - ours.posted_at) <= ECHO_WITHIN
        for ours in matching.sends_to_answer(send, text.thread_id)[:50]
    )


def _is_known(conversation: Conversation, text: MessageEvent, event: WebhookEvent) -> bool:
    same = Q(event=event)
    if text.message_id:
        same |= Q(conversation=conversation, message_id=text.message_id)
    return Message.objects.filter(same).exists()


def _note_reply(conversation: Conversation, send: Send, body: str, at: datetime, words: Words) -> None:
    Send.objects.filter(pk=send.pk, replied_at__isnull=True).update(replied_at=at)
    conversation.unread = True
    if send.campaign_id is not None:
        brakes.note_reply(send.campaign_id, body)
    said = read(body, words)
    if said.reading is Reading.STOP:
        return
    if said.reading in (Reading.DOUBT, Reading.LOOK):
        _ask_for_a_human(conversation, f"The reply contains “{said.word}”. Do they want no more texts?", at)
    elif said.reading is Reading.START and Suppression.objects.standing().filter(phone=send.to).exists():
        _ask_for_a_human(conversation, f"They texted “{body.strip()}”. May they be texted again?", at)
    elif send.no_agent:
        _ask_for_a_human(conversation, "Replied to a text that was sent without the agent.", at)


def _ask_for_a_human(conversation: Conversation, reason: str, at: datetime) -> None:
    if conversation.needs_human_since is None:
        conversation.needs_human_since, conversation.handoff_reason = at, reason
    elif reason not in conversation.handoff_reason:
        conversation.handoff_reason = f"{conversation.handoff_reason}\n{reason}".strip()
