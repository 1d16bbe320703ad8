"""What was said after our text: by the person, by the agent, by staff at Revmo; and who should look at it."""

from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import Mode, Send
from contacts.models import Contact, Suppression
from contacts.suppressing import suppress
from conversations import matching
from conversations.models import Conversation, Message, WebhookEvent
from conversations.opt_outs import is_opt_out, opt_out_word_in
from revmo.events import AgentEvent, Author, HandoffEvent, MessageEvent

# An agent may say our very words again later; only what comes back soon after our call is its echo.
ECHO_WITHIN = timedelta(minutes=15)


def honour_opt_out(text: MessageEvent, event: WebhookEvent) -> None:
    """Suppress the number of whoever answers with an opt-out word, known to us or not, signed or not.

    What was said before staff lifted a suppression does not bring it back, say when the event is replayed.
    """
    if text.author != Author.CONTACT or not is_opt_out(text.body):
        return
    phone = matching.e164(text.sender)
    try:
        phones = {phone, matching.send_of_thread(text.thread_id, phone).to}
    except matching.NotMatched:
        phones = {phone}
    lifted_since = Suppression.objects.filter(phone__in=phones, lifted_at__gt=event.received_at)
    phones -= {"", *lifted_since.values_list("phone", flat=True)}
    if phones:
        suppress(sorted(phones), source=Suppression.Source.REPLY, evidence=text.body)


def apply_text(text: MessageEvent, event: WebhookEvent, at: datetime) -> str:
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
        _note_reply(conversation, send, text.body, at)
    conversation.save()
    return ""


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


def _note_reply(conversation: Conversation, send: Send, body: str, at: datetime) -> None:
    Send.objects.filter(pk=send.pk, replied_at__isnull=True).update(replied_at=at)
    conversation.unread = True
    if conversation.mode == Mode.LIVE:  # what a simulated phone says is no history of a person (promise 7)
        Contact.objects.filter(pk=conversation.contact_id, conversation_open=False).update(conversation_open=True)
    if is_opt_out(body):
        return
    if word := opt_out_word_in(body):
        _ask_for_a_human(conversation, f"The reply contains “{word}”. Do they want no more texts?", at)
    elif send.no_agent:
        _ask_for_a_human(conversation, "Replied to a text that was sent without the agent.", at)


def _ask_for_a_human(conversation: Conversation, reason: str, at: datetime) -> None:
    if conversation.needs_human_since is None:
        conversation.needs_human_since, conversation.handoff_reason = at, reason
    elif reason not in conversation.handoff_reason:
        conversation.handoff_reason = f"{conversation.handoff_reason}\n{reason}".strip()
