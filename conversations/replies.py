"""What was said after our text: by the person, by the agent, by staff at Revmo; and who should look at it.

A round of texts is told at once: what it needs is read by a few statements, decided in memory, and written by a few.
One text alone is a round of one, so the rules are the same however many come.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Mode, Send
from campaigns.sending import brakes
from contacts.models import Suppression
from conversations import attention, matching, rounds
from conversations.agent_events import NOBODY_ANSWERED
from conversations.models import Conversation, Entry, Message, WebhookEvent, name_of
from conversations.opt_outs import Reading, Said
from revmo.events import Author, MessageEvent


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the event that brought it, when it was said (UTC), and what it says about texting."""

    said: MessageEvent
    event: WebhookEvent
    at: datetime
    reading: Said

    @property
    def phone(self) -> str:
        """The person's number, where the event names it in a form that we know."""
        return matching.e164(self.said.sender if self.is_theirs else self.said.to)

    @property
    def is_theirs(self) -> bool:
        """Did the person write it?"""
        return self.said.author == Author.CONTACT


# The note for staff, often empty, or why it could not be applied.
Answer = str | matching.NotMatched


def apply_texts(texts: Sequence[Text]) -> list[Answer]:
    """Add texts to their conversations; an answer for each, in their order. Raises what the database raises."""
    sends = matching.sends_of_threads([(text.said.thread_id, text.phone) for text in texts])
    ours = [(text, send) for text, send in zip(texts, sends, strict=True) if isinstance(send, Send)]
    echoes = _echoes([(text, send) for text, send in ours if not text.is_theirs])
    conversations = matching.conversations_of([send for text, send in ours if text.event.pk not in echoes])
    told = rounds.Told(
        [text.event.pk for text, _ in ours],
        [(conversations[send.pk].pk, text.said.message_id) for text, send in ours if send.pk in conversations],
    )
    answers: list[Answer] = []
    for text, send in zip(texts, sends, strict=True):
        if isinstance(send, matching.NotMatched):
            answers.append(send)
        elif text.event.pk in echoes:
            answers.append("Our own text, as Revmo sent it.")
        elif (conversation := conversations.get(send.pk)) is None:
            answers.append(matching.NotMatched(matching.NOBODY))
        elif told.knows(text.event.pk, conversation.pk, text.said.message_id):
            answers.append("This text was already here.")
        else:
            _tell(told, text, send, conversation)
            answers.append("")
    told.write()
    return answers


def write_down_contacts(events: Sequence[WebhookEvent]) -> None:
    """What the contacts' rows say of their conversations, for a whole round: in one order, so that nobody deadlocks.

    Simulated conversations are no history of a person (promise 7), so there is nothing to write down of them.
    """
    if Mode.current() is not Mode.LIVE:
        return
    said = Message.objects.filter(event__in=events).values_list("conversation__contact", flat=True)
    told = Entry.objects.filter(event__in=events).values_list("conversation__contact", flat=True)
    attention.write_down({*said, *told})


def _echoes(said_by_us: Collection[tuple[Text, Send]]) -> set[int]:
    """The events that only say one of our own texts back to us."""
    beside = rounds.texts_beside([(text.event.pk, send, text.at) for text, send in said_by_us])
    words = {event: {tuple(text.split()) for text in texts} for event, texts in beside.items()}
    return {text.event.pk for text, _ in said_by_us if tuple(text.said.body.split()) in words.get(text.event.pk, ())}


def _tell(told: rounds.Told, text: Text, send: Send, conversation: Conversation) -> None:
    told.add(
        Message(
            conversation=conversation,
            author=Message.Author(text.said.author.value),
            body=text.said.body,
            thread_id=text.said.thread_id,
            message_id=text.said.message_id,
            send=send,
            event=text.event,
            at=text.at,
        ),
        conversation,
    )
    conversation.said += 1
    attention.is_newest(conversation, text.at)
    if text.is_theirs:
        told.answers(send, text.at)
        _note_reply(conversation, send, text)
    elif text.said.author == Author.AGENT:
        _note_agent(conversation, text.at)


def _note_reply(conversation: Conversation, send: Send, text: Text) -> None:
    conversation.unread, conversation.snoozed_until = True, None
    body, at, reading = text.said.body, text.at, text.reading.reading
    if send.campaign_id is not None and brakes.complains(body, send.agent.account.complaint_words):
        brakes.note_reply(send.campaign_id, body)
    if reading is Reading.STOP:
        return
    if reading in (Reading.DOUBT, Reading.LOOK):
        doubt = f"The reply contains “{text.reading.word}”. Do they want no more texts?"
        attention.ask_for_a_human(conversation, doubt, at)
    elif reading is Reading.START and Suppression.objects.standing().filter(phone=send.to).exists():
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
    return NOBODY_ANSWERED if conversation.agent_enabled is False else ""


def _note_agent(conversation: Conversation, at: datetime) -> None:
    """An agent that talks although somebody took over is put before a person at once."""
    if conversation.taken_over_at is not None and at > conversation.taken_over_at:
        attention.ask_for_a_human(conversation, "The agent texted after the take-over.", at)
