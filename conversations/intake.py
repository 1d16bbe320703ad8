"""Revmo's events: stored once before they are answered, and what they say (promise 5). `applying` has the rest."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.models import Mode
from conversations.models import WebhookEvent
from revmo import events as wire
from revmo.signatures import fallback_event_id

State = WebhookEvent.State
KINDS = {
    wire.StatusEvent: WebhookEvent.Kind.RECEIPT,
    wire.MessageEvent: WebhookEvent.Kind.TEXT,
    wire.HandoffEvent: WebhookEvent.Kind.HANDOFF,
    wire.AgentEvent: WebhookEvent.Kind.AGENT,
}
MAX_ID_LENGTH = 200


def store(event_id: str, body: bytes, *, signed: bool) -> bool:
    """Keep an authentic event, once by its id; True if it could be interpreted. Committed with the caller's.

    What cannot be interpreted is kept as well: nothing that is authentic is thrown away.
    """
    kind, note = _kind_of(body)
    state = State.UNREADABLE if note else State.WAITING
    event = WebhookEvent(
        event_id=_fitting(event_id),
        mode=Mode.current(),
        signed=signed,
        body=body,
        kind=kind,
        state=state,
        note=note,
        due_at=None if note else timezone.now(),
    )
    WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)
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
    return wire.normalise(body, wire.FieldMap(reference_key=settings.REVMO_REFERENCE_KEY))


def sentence(problem: Exception) -> str:
    """What a problem says, as a sentence for staff."""
    text = str(problem)
    return f"{text[:1].upper()}{text[1:]}."


def _kind_of(body: bytes) -> tuple[str, str]:
    """The kind of event and no note, or no kind and why it cannot be interpreted."""
    try:
        return KINDS[type(interpret(body))], ""
    except wire.Uninterpretable as problem:
        return "", sentence(problem)


def _fitting(event_id: str) -> str:
    if len(event_id) <= MAX_ID_LENGTH and event_id.isprintable():
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode(errors='replace')).hexdigest()}"
