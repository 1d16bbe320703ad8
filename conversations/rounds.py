"""What a round of texts reads and writes, in a few statements however many texts it has.

A round holds the conversations that it writes, so what was read of them stays so until it ends.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from campaigns.models import Send
from campaigns.sending.statements import run
from conversations.matching import MAY_HAVE_LEFT
from conversations.models import Conversation, Message

# An agent may say our very words again later; only what comes back soon after our call is its echo.
ECHO_WITHIN = timedelta(minutes=15)

# Whatever their thread: an answer without a thread id leaves us without a way to tell them apart. Each arm has its
# way in: the texts of a person, or to a number, are few.
_BESIDE = """
SELECT asked.event, ours.text
FROM unnest(%(events)s::bigint[], %(contacts)s::bigint[], %(numbers)s::text[], %(agents)s::bigint[], %(modes)s::text[],
    %(times)s::timestamptz[]) AS asked(event, contact, number, agent, mode, at)
CROSS JOIN LATERAL (
    (SELECT text FROM campaigns_send
     WHERE contact_id = asked.contact AND agent_id = asked.agent AND mode = asked.mode AND state = ANY(%(states)s)
        AND posted_at BETWEEN asked.at - %(within)s AND asked.at + %(within)s ORDER BY posted_at DESC LIMIT 50)
    UNION ALL
    (SELECT text FROM campaigns_send
     WHERE asked.contact IS NULL AND contact_id IS NULL AND "to" = asked.number AND agent_id = asked.agent
        AND mode = asked.mode AND state = ANY(%(states)s)
        AND posted_at BETWEEN asked.at - %(within)s AND asked.at + %(within)s ORDER BY posted_at DESC LIMIT 50)
) AS ours
"""
_KNOWN = """
SELECT event_id, NULL::bigint, NULL FROM conversations_message WHERE event_id = ANY(%(events)s)
UNION ALL
SELECT NULL, known.conversation_id, known.message_id
FROM unnest(%(conversations)s::bigint[], %(ids)s::text[]) AS asked(conversation, id)
JOIN conversations_message AS known
    ON known.conversation_id = asked.conversation AND known.message_id = asked.id AND known.message_id <> ''
"""
_WRITE_MESSAGES = """
INSERT INTO conversations_message (conversation_id, author, body, thread_id, message_id, send_id, event_id, at)
SELECT * FROM unnest(%(conversations)s::bigint[], %(authors)s::text[], %(bodies)s::text[], %(threads)s::text[],
    %(ids)s::text[], %(sends)s::bigint[], %(events)s::bigint[], %(times)s::timestamptz[])
"""
_WRITE_CONVERSATIONS = """
UPDATE conversations_conversation AS old SET said = new.said, unread = new.unread, snoozed_until = new.snoozed_until,
    last_message_at = new.last_message_at, needs_human_since = new.needs_human_since,
    handoff_reason = new.handoff_reason
FROM unnest(%(keys)s::bigint[], %(said)s::int[], %(unread)s::bool[], %(snoozed)s::timestamptz[],
    %(newest)s::timestamptz[], %(human)s::timestamptz[], %(reasons)s::text[])
    AS new(id, said, unread, snoozed_until, last_message_at, needs_human_since, handoff_reason)
WHERE old.id = new.id
"""
# Locked in the order of their keys, so that nobody deadlocks; the first reply stands.
_WRITE_ANSWERED = """
UPDATE campaigns_send AS send SET replied_at = first.at
FROM (
    SELECT ours.id, said.at FROM unnest(%(keys)s::bigint[], %(times)s::timestamptz[]) AS said(id, at)
    JOIN campaigns_send AS ours ON ours.id = said.id
    WHERE ours.replied_at IS NULL ORDER BY ours.id FOR NO KEY UPDATE OF ours
) AS first
WHERE send.id = first.id
"""


class Told:
    """What is known of these texts already, and what a round adds to it; `write` writes that down."""

    def __init__(self, events: Sequence[int], said: Sequence[tuple[int, str]]) -> None:
        named = [(conversation, message) for conversation, message in said if message]
        arguments = {
            "events": list(events),
            "conversations": [conversation for conversation, _ in named],
            "ids": [message for _, message in named],
        }
        rows = run(_KNOWN, arguments)
        self._events = {event for event, _, _ in rows}
        self._ids = {(conversation, message) for _, conversation, message in rows}
        self._messages: list[Message] = []
        self._changed: dict[int, Conversation] = {}
        self._answered: dict[int, datetime] = {}

    def knows(self, event: int, conversation: int, message_id: str) -> bool:
        """Was it told before, by the same event or under the same id?"""
        return event in self._events or (bool(message_id) and (conversation, message_id) in self._ids)

    def add(self, message: Message, conversation: Conversation) -> None:
        """One more text, which changes this conversation."""
        self._messages.append(message)
        self._ids.add((conversation.pk, message.message_id))
        self._changed[conversation.pk] = conversation

    def answers(self, send: Send, at: datetime) -> None:
        """One of them answers this text of ours."""
        self._answered.setdefault(send.pk, at)

    def write(self) -> None:
        """All of it, in the caller's transaction."""
        if not self._messages:
            return
        _write_messages(self._messages)
        each = self._changed.values()
        run(
            _WRITE_CONVERSATIONS,
            {
                "keys": [one.pk for one in each],
                "said": [one.said for one in each],
                "unread": [one.unread for one in each],
                "snoozed": [one.snoozed_until for one in each],
                "newest": [one.last_message_at for one in each],
                "human": [one.needs_human_since for one in each],
                "reasons": [one.handoff_reason for one in each],
            },
        )
        if self._answered:
            run(_WRITE_ANSWERED, {"keys": list(self._answered), "times": list(self._answered.values())})


def _write_messages(messages: Sequence[Message]) -> None:
    """What `bulk_create` does, in a third of the time."""
    run(
        _WRITE_MESSAGES,
        {
            "conversations": [one.conversation_id for one in messages],
            "authors": [str(one.author) for one in messages],
            "bodies": [one.body for one in messages],
            "threads": [one.thread_id for one in messages],
            "ids": [one.message_id for one in messages],
            "sends": [one.send_id for one in messages],
            "events": [one.event_id for one in messages],
            "times": [one.at for one in messages],
        },
    )


def texts_beside(asked: Iterable[tuple[int, Send, datetime]]) -> dict[int, list[str]]:
    """For each event, our text that it stands beside and its time: the words of all our texts of those minutes.

    They are the texts of which what the event brings may be the echo.
    """
    if not (each := list(asked)):
        return {}
    rows = run(
        _BESIDE,
        {
            "events": [event for event, _, _ in each],
            "contacts": [send.contact_id for _, send, _ in each],
            "numbers": [send.to for _, send, _ in each],
            "agents": [send.agent_id for _, send, _ in each],
            "modes": [send.mode for _, send, _ in each],
            "times": [at for _, _, at in each],
            "states": [str(state) for state in MAY_HAVE_LEFT],
            "within": ECHO_WITHIN,
        },
    )
    found: dict[int, list[str]] = defaultdict(list)
    for event, text in rows:
        found[event].append(text)
    return found
