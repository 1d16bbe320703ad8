"""Stored events take effect: each once, in any order, a poisonous one apart from the others (promise 5).

Receipts are many and alike, and so are texts: a round of either is a few statements. What else there is goes event by
event, each in a savepoint of its own. If a round fails as a whole, it is halved until the bad one stands alone, so that
it costs its neighbours nothing.

Opt-outs come before all that, each committed by itself: they take the locks on numbers, which come first in the order
of locks, and must stand whatever becomes of the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection, transaction

from campaigns.models import Mode
from conversations import agent_events, fates, honouring, intake, matching, receipts, replies
from conversations.models import WebhookEvent
from conversations.opt_outs import Reading, Said, Words, read
from revmo import events as wire

# Events a round. A round of texts holds its conversations until its end, so it is short.
RECEIPTS_AT_ONCE, TEXTS_AT_ONCE = 500, 200
# Senders try for days to deliver an event; an older time is a mistake of theirs.
OLDEST = timedelta(days=30)
# Arbitrary numbers of ours: only one worker at a time goes through texts, because two of them with several
# conversations each could wait for one another.
_TEXTS_LOCK = (555_02, 1)
Kind = WebhookEvent.Kind
_NOTHING, _NO_WORDS = Said(Reading.OTHER), Words()


@dataclass(frozen=True, slots=True)
class _Read:
    """An event with what it says; of a text also what that says about texting."""

    event: WebhookEvent
    said: wire.Event
    reading: Said


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
        reports = [one for one in _readable(events, _NO_WORDS) if isinstance(one.said, wire.StatusEvent)]
        _in_rounds(reports, _report)
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
    readable = _readable(chosen, honouring.known_words())
    failed = _honour_opt_outs(readable)
    # Only those whose opt-out was looked for above: one that came in since would else be marked as applied without it.
    honoured = [event.pk for event in chosen if event.pk not in failed]
    with transaction.atomic():
        if not _alone():
            return len(failed)
        # What they say stays as it was read above; another worker may have taken some of them up meanwhile.
        still_due = due.filter(pk__in=honoured).select_for_update(skip_locked=True)
        held = set(still_due.values_list("pk", flat=True))
        events = [event for event in chosen if event.pk in held]
        _take_effect([one for one in readable if one.event.pk in held])
        if events:
            replies.write_down_contacts(events)
            fates.write(events)
    return len(events) + len(failed)


def _honour_opt_outs(readable: Sequence[_Read]) -> set[int]:
    """The keys of events whose opt-out could not be noted; they are tried again as a whole."""
    failed = set()
    for one in readable:
        if not isinstance(one.said, wire.MessageEvent) or not honouring.concerns(one.said, one.reading):
            continue
        try:
            with transaction.atomic():
                honouring.honour(one.said, one.event, one.reading)
        except Exception as problem:
            _raise_if_lost(problem)
            fates.count_failure(one.event, problem)
            fates.write([one.event])
            failed.add(one.event.pk)
    return failed


def _readable(events: Sequence[WebhookEvent], words: Words) -> list[_Read]:
    """Those that can be interpreted now, each with its kind; the others end as unreadable."""
    found: list[_Read] = []
    for event in events:
        try:
            found.append(_read(event, words))
        except wire.Uninterpretable as problem:
            fates.end(event, WebhookEvent.State.UNREADABLE, intake.sentence(problem))
        except Exception as problem:  # a mistake of ours costs this event alone
            fates.count_failure(event, problem)
    return found


def _read(event: WebhookEvent, words: Words) -> _Read:
    said = intake.interpret(bytes(event.body))
    event.kind, event.thread_id, event.phone = intake.KINDS[type(said)], said.thread_id, _phone_of(said)
    return _Read(event, said, read(said.body, words) if isinstance(said, wire.MessageEvent) else _NOTHING)


def _phone_of(said: wire.Event) -> str:
    """The person's number, where the event names it in a form that we know."""
    if isinstance(said, wire.StatusEvent):
        return matching.e164(said.to)
    if isinstance(said, wire.MessageEvent):
        return matching.e164(said.sender if said.author is wire.Author.CONTACT else said.to)
    return ""


def _take_effect(readable: Sequence[_Read]) -> None:
    """In their order; texts that follow one another are one round."""
    for kind, following in groupby(readable, key=lambda one: type(one.said)):
        if kind is wire.MessageEvent:
            _in_rounds(list(following), _tell)
        else:
            for one in following:
                _in_rounds([one], _effect)


def _report(reports: Sequence[_Read]) -> None:
    """Write a round of receipts and decide the fate of each. Raises what the database raises."""
    asked = [
        receipts.Receipt(one.said, one.event.signed, _time_of(one.said, one.event))
        for one in reports
        if isinstance(one.said, wire.StatusEvent)
    ]
    for one, answer in zip(reports, receipts.apply_receipts(asked), strict=True):
        _decide(one.event, answer)


def _tell(read_texts: Sequence[_Read]) -> None:
    """Write a round of texts and decide the fate of each. Raises what the database raises."""
    texts = [
        replies.Text(one.said, one.event, _time_of(one.said, one.event), one.reading)
        for one in read_texts
        if isinstance(one.said, wire.MessageEvent)
    ]
    for one, answer in zip(read_texts, replies.apply_texts(texts), strict=True):
        _decide(one.event, answer)


def _effect(alone: Sequence[_Read]) -> None:
    """What an event does that is neither a receipt nor a text, or a receipt among them."""
    (one,) = alone
    event, said, at = one.event, one.said, _time_of(one.said, one.event)
    try:
        if isinstance(said, wire.StatusEvent):
            _report(alone)
        elif isinstance(said, wire.HandoffEvent):
            _decide(event, agent_events.apply_handoff(said, event, at))
        elif isinstance(said, wire.AgentEvent):
            _decide(event, agent_events.apply_agent_switch(said, event, at))
        else:
            _decide(event, "A test of yours: it came in, a worker took it up, and it changes nothing.")
    except matching.NotMatched as problem:
        _decide(event, problem)


def _decide(event: WebhookEvent, answer: receipts.Answer) -> None:
    if isinstance(answer, matching.NotMatched):
        fates.try_later(event, str(answer))
    elif isinstance(answer, receipts.Contradiction):
        fates.end(event, WebhookEvent.State.SET_ASIDE, str(answer))
    else:
        fates.applied(event, answer)


def _in_rounds(events: Sequence[_Read], work: Callable[[Sequence[_Read]], None]) -> None:
    """Work on all at once in a savepoint; after an error on each half, until the error is one event's alone.

    Raises only where the connection is lost.
    """
    try:
        with transaction.atomic():
            work(events)
    except Exception as problem:
        _raise_if_lost(problem)
        if len(events) == 1:
            fates.count_failure(events[0].event, problem)
            return
        middle = len(events) // 2
        for half in (events[:middle], events[middle:]):
            _in_rounds(half, work)


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
