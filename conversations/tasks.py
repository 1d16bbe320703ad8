"""Jobs that apply what came in. They carry only wake-ups: one that is lost or doubled is harmless."""

import threading
import time
from contextlib import suppress

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from conversations import applying, hand_over_mail, refusals, unanswered

QUEUEING_LOCK = "conversations.apply_waiting_events"
# Events a job; a flood is passed on to the next job, so that other jobs get their turn.
BATCH = 2_000
# Seconds. A process asks for a job at most this often, and a job stays longer than that, so that it also finds what
# came in after the wake-up and asked for nothing.
WAKE_EVERY, STAYS, PAUSE = 0.25, 0.4, 0.05


class Wakes:
    """When this process last asked for a job; its threads share it."""

    def __init__(self) -> None:
        self._lock, self._last = threading.Lock(), 0.0

    def is_due(self) -> bool:
        """May it ask now? Then it is taken to have asked."""
        with self._lock:
            now = time.monotonic()
            if now - self._last < WAKE_EVERY:
                return False
            self._last = now
            return True

    def forget(self) -> None:
        """Let the next one ask."""
        self._last = 0.0


wakes = Wakes()


@app.periodic(cron="* * * * * */5")  # the seconds field is the last: every five seconds, for what no wake-up reached
@app.task(name="conversations.apply_waiting_events", queueing_lock=QUEUEING_LOCK)
def apply_waiting_events(timestamp: int | None = None) -> None:
    """Apply events that are due, until none has come for a moment or the batch is full."""
    done, ends = 0, time.monotonic() + STAYS
    while done < BATCH:
        if found := applying.apply_waiting(BATCH - done):
            done += found
        elif time.monotonic() < ends:
            time.sleep(PAUSE)
        else:
            return
    wake()


@app.periodic(cron="23 * * * *")
@app.task(name="conversations.purge_refusals", queueing_lock="conversations.purge_refusals")
def purge_refusals(timestamp: int | None = None) -> None:
    """Forget refused calls of long ago."""
    refusals.purge()


def wake_after_commit() -> None:
    """Have a worker apply what this transaction stores, or what has just been stored without one.

    After the commit: a job from within could start, and end, before the event can be seen. Without the job
    the sweep finds it, so a failure here is logged and forgotten.
    """
    transaction.on_commit(_wake_if_due, robust=True)


def _wake_if_due() -> None:
    if not wakes.is_due():
        return
    try:
        wake()
    except Exception:
        wakes.forget()
        raise


def wake() -> None:
    """One job, unless one waits already; outside any transaction of the caller's."""
    # A lock that is taken would else break a transaction around us.
    with suppress(AlreadyEnqueued), transaction.atomic():
        apply_waiting_events.defer()


@app.periodic(cron="* * * * * */5")
@app.task(name="conversations.look_for_ends_of_replies", queueing_lock="conversations.look_for_ends_of_replies")
def look_for_ends_of_replies(timestamp: int | None = None) -> None:
    """Bring back the conversations whose answer did not arrive."""
    unanswered.look_for_ends()


@app.task(name=hand_over_mail.TASK)
def mail_hand_over(entry: int) -> None:
    """Tell staff on duty that an agent asked for a human."""
    hand_over_mail.mail(entry)
