"""Stored events take effect: each once, in any order, a poisonous one apart from the others (promise 5).

Receipts are many and alike: a round of them is one statement. Everything else is gone through event by event, each in
a savepoint of its own, and its fates are written together. If a round of receipts fails as a whole, it is gone through
one by one as well, so that one bad event costs its neighbours nothing.

Opt-outs come before all that, each committed by itself: they take the locks on numbers, which come first in the order
of locks, and must stand whatever becomes of the rest.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from campaigns.models import Mode
from conversations import fates, honouring, intake, matching, receipts, replies
from conversations.models import WebhookEvent
from conversations.opt_outs import Words
from revmo import events as wire

# Events a round. A round of texts holds its conversations until its end, so it is short.
RECEIPTS_AT_ONCE, TEXTS_AT_ONCE = 500, 25
# Senders try for days to deliver an event; an older time is a mistake of theirs.
OLDEST = timedelta(days=30)
# Arbitrary numbers of ours: only one worker at a time goes through texts, because two of them with several
# conversations each could wait for one another.
_TEXTS_LOCK = (555_02, 1)
Kind = WebhookEvent.Kind
# An event with what it says, or why that cannot be read.
_Read = tuple[WebhookEvent, wire.Event]


def apply_waiting(limit: int) -> int:
    """Apply up to `limit` due events; returns how many were looked at. Any number of workers at once."""
    done = 0
    while done < limit:
        looked_at = _apply_receipts(min(RECEIPTS_AT_ONCE, limit - done))
        if done + looked_at < limit:
            looked_at += _apply_others(min(TEXTS_AT_ONCE, limit - done - looked_at))
        if not looked_at:
            break
        done += looked_at
    return done


def _apply_receipts(limit: int) -> int:
    with transaction.atomic():
        due = WebhookEvent.objects.due(Mode.current()).filter(kind=Kind.RECEIPT)
        events = list(due.select_for_update(skip_locked=True)[:limit])
        if not events:
            return 0
        _need_not_wait_for_the_disk()
        read = _readable(events)
        reports = [one for one in read if isinstance(one[1], wire.StatusEvent)]
        try:
            with transaction.atomic():
                _report(reports)
        except Exception as problem:
            _raise_if_lost(problem)
            for one in reports:
                _try(one[0], lambda one=one: _report([one]))  # type: ignore[misc]
        # Where the field map has changed meanwhile some are no receipts any more. They are written back under what they
        # are now, still waiting: a text may be an opt-out, which is honoured before anything else is done with it.
        fates.write(events)
    return len(events)


def _apply_others(limit: int) -> int:
    """Texts, hand-overs, switches, and what had no kind when it came."""
    due = WebhookEvent.objects.due(Mode.current()).exclude(kind=Kind.RECEIPT)
    chosen = list(due[:limit])
    if not chosen:
        return 0
    words = honouring.known_words()
    failed = _honour_opt_outs(chosen, words)
    # Only those whose opt-out was looked for above: one that came in since would else be marked as applied without it.
    honoured = [event.pk for event in chosen if event.pk not in failed]
    with transaction.atomic():
        if not _alone():
            return len(failed)
        events = list(due.filter(pk__in=honoured).select_for_update(skip_locked=True))
        for event, said in _readable(events):
            _try(event, lambda event=event, said=said: _effect(event, said, words))  # type: ignore[misc]
        if events:
            replies.write_down_contacts(events)
            fates.write(events)
    return len(events) + len(failed)


def _honour_opt_outs(events: Sequence[WebhookEvent], words: Words) -> list[int]:
    """The keys of events whose opt-out could not be noted; they are tried again as a whole."""
    failed = []
    for event, said in _readable(events):
        if not isinstance(said, wire.MessageEvent):
            continue
        try:
            with transaction.atomic():
                honouring.honour(said, event, words)
        except Exception as problem:
            _raise_if_lost(problem)
            fates.count_failure(event, problem)
            fates.write([event])
            failed.append(event.pk)
    return failed


def _readable(events: Sequence[WebhookEvent]) -> list[_Read]:
    """Those that can be interpreted now, each with its kind; the others end as unreadable."""
    read: list[_Read] = []
    for event in events:
        try:
            said = intake.interpret(bytes(event.body))
        except wire.Uninterpretable as problem:
            fates.end(event, WebhookEvent.State.UNREADABLE, intake.sentence(problem))
        else:
            event.kind, event.thread_id, event.phone = intake.KINDS[type(said)], said.thread_id, _phone_of(said)
            read.append((event, said))
    return read


def _phone_of(said: wire.Event) -> str:
    """The person's number, where the event names it in a form that we know."""
    if isinstance(said, wire.StatusEvent):
        return matching.e164(said.to)
    if isinstance(said, wire.MessageEvent):
        return matching.e164(said.sender if said.author is wire.Author.CONTACT else said.to)
    return ""


def _report(reports: Sequence[_Read]) -> None:
    """Write a round of receipts and decide the fate of each. Raises what the database raises."""
    asked = [
        receipts.Receipt(said, event.signed, _time_of(said, event))
        for event, said in reports
        if isinstance(said, wire.StatusEvent)
    ]
    for (event, _), answer in zip(reports, receipts.apply_receipts(asked), strict=True):
        _decide(event, answer)


def _effect(event: WebhookEvent, said: wire.Event, words: Words) -> None:
    at = _time_of(said, event)
    try:
        if isinstance(said, wire.StatusEvent):
            _report([(event, said)])
        elif isinstance(said, wire.MessageEvent):
            _decide(event, replies.apply_text(said, event, at, words))
        elif isinstance(said, wire.HandoffEvent):
            _decide(event, replies.apply_handoff(said, event, at))
        elif isinstance(said, wire.TestEvent):
            _decide(event, "A test of yours: it came in, a worker took it up, and it changes nothing.")
        else:
            _decide(event, replies.apply_agent_switch(said, event, at))
    except matching.NotMatched as problem:
        _decide(event, problem)


def _decide(event: WebhookEvent, answer: receipts.Answer) -> None:
    if isinstance(answer, matching.NotMatched):
        fates.try_later(event, str(answer))
    elif isinstance(answer, receipts.Contradiction):
        fates.end(event, WebhookEvent.State.SET_ASIDE, str(answer))
    else:
        fates.applied(event, answer)


def _try(event: WebhookEvent, work: Callable[[], None]) -> None:
    """Work in a savepoint; an error is this event's alone. Raises only where the connection is lost."""
    try:
        with transaction.atomic():
            work()
    except Exception as problem:
        _raise_if_lost(problem)
        fates.count_failure(event, problem)


def _raise_if_lost(problem: Exception) -> None:
    if connection.needs_rollback or not connection.is_usable():
        raise problem


def _alone() -> bool:
    """Hold the lock of whoever goes through texts until the end of the transaction; False if another does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _TEXTS_LOCK)
        row = cursor.fetchone()
    return bool(row and row[0])


def _need_not_wait_for_the_disk() -> None:
    """Let the commit return before it is on disk: a crash takes mark and effect alike, and both are made again.

    Never for a text of a customer: it may be an opt-out, which must outlive the crash.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _time_of(said: wire.Event, event: WebhookEvent) -> datetime:
    """When it happened, or when we heard of it where its own time is missing, to come, or long gone."""
    at, heard = said.at, event.received_at
    return at if at is not None and heard - OLDEST < at < heard else heard
