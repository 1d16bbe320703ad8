"""What becomes of an event that was looked at: decided in memory, written for many at once."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from campaigns.sending.statements import run
from conversations.models import WebhookEvent

logger = logging.getLogger(__name__)

State = WebhookEvent.State
MAX_TRIES = 5
# An event whose thread or number is unknown is tried again after half its age, in these bounds, for a day.
SHORTEST_WAIT, LONGEST_WAIT, PATIENCE = timedelta(seconds=1), timedelta(minutes=15), timedelta(hours=24)


def applied(event: WebhookEvent, note: str) -> None:
    """It has had its effect; the note is for staff and often empty."""
    end(event, State.APPLIED, note)
    event.applied_at = timezone.now()


def end(event: WebhookEvent, state: WebhookEvent.State, note: str) -> None:
    """It is not tried again unless somebody replays it."""
    event.state, event.note, event.due_at = state, note, None


def try_later(event: WebhookEvent, note: str) -> None:
    """What it names is not known yet; after a day it is only shown."""
    now = timezone.now()
    age = now - event.received_at
    event.state, event.note = State.UNMATCHED, note
    event.due_at = now + min(max(age / 2, SHORTEST_WAIT), LONGEST_WAIT) if age < PATIENCE else None


def count_failure(event: WebhookEvent, problem: Exception) -> None:
    """A try ended in an error of ours: again after a while that doubles, aside after the fifth."""
    logger.error("webhook event %s could not be applied", event.pk, exc_info=problem)
    event.tries += 1
    what = f"{type(problem).__name__}: {problem}"[:500]
    if event.tries >= MAX_TRIES:
        end(event, State.SET_ASIDE, f"Could not be applied in {MAX_TRIES} tries and was set aside. {what}")
    else:
        event.state, event.note = State.WAITING, f"Try {event.tries} of {MAX_TRIES} failed. {what}"
        event.due_at = timezone.now() + timedelta(seconds=2**event.tries)


_WRITE = """
UPDATE conversations_webhookevent AS event SET kind = fate.kind, thread_id = fate.thread_id, phone = fate.phone,
    state = fate.state, note = fate.note,
    tries = fate.tries, due_at = fate.due_at, applied_at = fate.applied_at
FROM unnest(%(ids)s::bigint[], %(kinds)s::text[], %(threads)s::text[], %(phones)s::text[], %(states)s::text[],
    %(notes)s::text[], %(tries)s::int[],
    %(dues)s::timestamptz[], %(applied)s::timestamptz[])
    AS fate(id, kind, thread_id, phone, state, note, tries, due_at, applied_at)
WHERE event.id = fate.id
RETURNING event.id
"""


def write(events: Sequence[WebhookEvent]) -> None:
    """Write down what became of events that this transaction holds."""
    run(
        _WRITE,
        {
            "ids": [event.pk for event in events],
            "kinds": [str(event.kind) for event in events],
            "threads": [event.thread_id for event in events],
            "phones": [event.phone for event in events],
            "states": [str(event.state) for event in events],
            "notes": [event.note for event in events],
            "tries": [event.tries for event in events],
            "dues": [event.due_at for event in events],
            "applied": [event.applied_at for event in events],
        },
    )
