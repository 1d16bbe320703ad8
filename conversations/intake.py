"""Revmo's events: stored once before they are answered, and what they say (promise 5). `applying` has the rest."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from campaigns.models import Mode
from campaigns.sending.statements import run
from conversations.models import WebhookEvent
from revmo import events as wire
from revmo.signatures import fallback_event_id

State = WebhookEvent.State
KINDS = {
    wire.StatusEvent: WebhookEvent.Kind.RECEIPT,
    wire.MessageEvent: WebhookEvent.Kind.TEXT,
    wire.HandoffEvent: WebhookEvent.Kind.HANDOFF,
    wire.AgentEvent: WebhookEvent.Kind.AGENT,
    wire.TestEvent: WebhookEvent.Kind.TEST,
}
MAX_ID_LENGTH = 200


# One statement, prepared once for each connection: the sender waits for it, and for nothing else.
_STORE = """
INSERT INTO conversations_webhookevent
    (event_id, mode, signed, body, kind, state, note, tries, due_at, received_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, 0, CASE WHEN %s THEN clock_timestamp() END, clock_timestamp())
ON CONFLICT (event_id) DO NOTHING
"""


def store(event_id: str, body: bytes, *, signed: bool) -> bool:
    """Keep an authentic event, once by its id; True if it could be interpreted.

    What cannot be interpreted is kept as well: nothing that is authentic is thrown away. Committed when it returns,
    unless the caller has a transaction. Raises `django.db.Error`.
    """
    kind = note = ""
    try:
        kind = KINDS[type(interpret(body))].value
    except wire.Uninterpretable as problem:
        note = sentence(problem)
    state = State.UNREADABLE if note else State.WAITING
    mode = Mode.current().value
    run(_STORE, (_fitting(event_id), mode, signed, body, kind, state.value, note, not note))
    return not note


def id_of_unsigned(header: str, body: bytes, received_at: datetime) -> str:
    """The id of an event that came by the URL token: the sender's own, else its body within one UTC day.

    Apart from signed ids, so that a forged id cannot keep a signed event out.
    """
    if header:
        return f"url:{header}"
    return f"url:{received_at:%Y-%m-%d}:{fallback_event_id(body)}"


def replay(events: QuerySet[WebhookEvent]) -> int:
    """Have these events applied again, whatever became of them; how many. Their effects happen once only."""
    return events.filter(mode=Mode.current()).update(
        state=State.WAITING, note="", tries=0, due_at=Now(), applied_at=None
    )


def interpret(body: bytes) -> wire.Event:
    """The event in our words. Raises Uninterpretable."""
    try:
        fields = wire.field_map(settings.REVMO_WEBHOOK_FIELDS, settings.REVMO_REFERENCE_KEY)
    except ValueError as problem:  # a system check refuses to start so; here nothing must get lost
        raise wire.Uninterpretable(str(problem).rstrip(".")) from problem
    return wire.normalise(body, fields)


def sentence(problem: Exception) -> str:
    """What a problem says, as a sentence for staff."""
    text = str(problem)
    return f"{text[:1].upper()}{text[1:]}."


def _fitting(event_id: str) -> str:
    if len(event_id) <= MAX_ID_LENGTH and event_id.isprintable():
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode(errors='replace')).hexdigest()}"
