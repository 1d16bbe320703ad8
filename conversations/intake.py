"""Revmo's events: stored once before they are answered, applied once afterwards, in any order (promise 5)."""

import hashlib
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.models import Mode
from conversations import receipts, replies
from conversations.matching import NotMatched
from conversations.models import WebhookEvent
from revmo import events as wire
from revmo.signatures import fallback_event_id

logger = logging.getLogger(__name__)

State = WebhookEvent.State
_KINDS = {
    wire.StatusEvent: WebhookEvent.Kind.RECEIPT,
    wire.MessageEvent: WebhookEvent.Kind.TEXT,
    wire.HandoffEvent: WebhookEvent.Kind.HANDOFF,
    wire.AgentEvent: WebhookEvent.Kind.AGENT,
}
MAX_TRIES = 5
# An event whose thread or number is unknown is tried again after half its age, in these bounds, for a day.
SHORTEST_WAIT, LONGEST_WAIT, PATIENCE = timedelta(seconds=1), timedelta(minutes=15), timedelta(hours=24)
# Senders try for days to deliver an event; an older time is a mistake of theirs.
OLDEST = timedelta(days=30)
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


def apply_waiting(limit: int) -> int:
    """Apply up to `limit` due events; returns how many were looked at. Any number of workers at once."""
    for done in range(limit):
        if not _apply_next():
            return done
    return limit


def replay(events: QuerySet[WebhookEvent]) -> int:
    """Have these events applied again, whatever became of them; how many. Their effects happen once only."""
    return events.filter(mode=Mode.current()).update(
        state=State.WAITING, note="", tries=0, due_at=Now(), applied_at=None
    )


def _apply_next() -> bool:
    with transaction.atomic():
        due = WebhookEvent.objects.due(Mode.current())
        event = due.select_for_update(skip_locked=True).first()
        if event is None:
            return False
        _apply(event)
        event.save(update_fields=["kind", "state", "note", "tries", "due_at", "applied_at"])
    return True


def _apply(event: WebhookEvent) -> None:
    try:
        parsed = _read(bytes(event.body))
        event.kind = _KINDS[type(parsed)]
        if isinstance(parsed, wire.StatusEvent):
            _need_not_wait_for_the_disk()
        if isinstance(parsed, wire.MessageEvent):
            with transaction.atomic():
                replies.honour_opt_out(parsed, event)  # stays, whatever becomes of the rest
        with transaction.atomic():
            note = _effect(parsed, event)
    except NotMatched as problem:
        _try_later(event, str(problem))
    except wire.Uninterpretable as problem:
        _end(event, State.UNREADABLE, _sentence(problem))
    except receipts.Contradiction as problem:
        _end(event, State.SET_ASIDE, str(problem))
    except Exception as problem:
        if connection.needs_rollback or not connection.is_usable():
            raise
        logger.exception("webhook event %s could not be applied", event.pk)
        _count_failure(event, problem)
    else:
        _end(event, State.APPLIED, note)
        event.applied_at = timezone.now()


def _need_not_wait_for_the_disk() -> None:
    """Let the commit return before it is on disk: a crash takes mark and effect alike, and both are made again.

    Never for a text of a customer: it may be an opt-out, which must outlive the crash.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _effect(parsed: wire.Event, event: WebhookEvent) -> str:
    at = _time_of(parsed, event)
    if isinstance(parsed, wire.StatusEvent):
        return receipts.apply_receipt(parsed, signed=event.signed, at=at)
    if isinstance(parsed, wire.MessageEvent):
        return replies.apply_text(parsed, event, at)
    if isinstance(parsed, wire.HandoffEvent):
        return replies.apply_handoff(parsed, at)
    return replies.apply_agent_switch(parsed, signed=event.signed, at=at)


def _time_of(parsed: wire.Event, event: WebhookEvent) -> datetime:
    """When it happened, or when we heard of it where its own time is missing, to come, or long gone."""
    at, heard = parsed.at, event.received_at
    return at if at is not None and heard - OLDEST < at < heard else heard


def _end(event: WebhookEvent, state: State, note: str) -> None:
    event.state, event.note, event.due_at = state, note, None


def _try_later(event: WebhookEvent, note: str) -> None:
    now = timezone.now()
    age = now - event.received_at
    event.state, event.note = State.UNMATCHED, note
    event.due_at = now + min(max(age / 2, SHORTEST_WAIT), LONGEST_WAIT) if age < PATIENCE else None


def _count_failure(event: WebhookEvent, problem: Exception) -> None:
    event.tries += 1
    what = f"{type(problem).__name__}: {problem}"[:500]
    if event.tries >= MAX_TRIES:
        _end(event, State.SET_ASIDE, f"Could not be applied in {MAX_TRIES} tries and was set aside. {what}")
    else:
        event.state, event.note = State.WAITING, f"Try {event.tries} of {MAX_TRIES} failed. {what}"
        event.due_at = timezone.now() + timedelta(seconds=2**event.tries)


def _kind_of(body: bytes) -> tuple[str, str]:
    """The kind of event and no note, or no kind and why it cannot be interpreted."""
    try:
        return _KINDS[type(_read(body))], ""
    except wire.Uninterpretable as problem:
        return "", _sentence(problem)


def _read(body: bytes) -> wire.Event:
    return wire.normalise(body, wire.FieldMap(reference_key=settings.REVMO_REFERENCE_KEY))


def _sentence(problem: Exception) -> str:
    text = str(problem)
    return f"{text[:1].upper()}{text[1:]}."


def _fitting(event_id: str) -> str:
    if len(event_id) <= MAX_ID_LENGTH and event_id.isprintable():
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode(errors='replace')).hexdigest()}"
