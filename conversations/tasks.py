"""Jobs that apply what came in. They carry only wake-ups: one that is lost or doubled is harmless."""

from contextlib import suppress

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from conversations import applying, hand_over_mail

QUEUEING_LOCK = "conversations.apply_waiting_events"
# Events a job; a flood is passed on to the next job, so that other jobs get their turn.
BATCH = 500


@app.periodic(cron="* * * * * */5")  # the seconds field is the last: every five seconds, for what no wake-up reached
@app.task(name="conversations.apply_waiting_events", queueing_lock=QUEUEING_LOCK)
def apply_waiting_events(timestamp: int | None = None) -> None:
    """Apply events that are due, until none is left or the batch is full."""
    if applying.apply_waiting(BATCH) == BATCH:
        wake()


def wake_after_commit() -> None:
    """Have a worker apply what this transaction stores.

    After the commit: a job from within could start, and end, before the event can be seen. Without the job
    the sweep finds it, so a failure here is logged and forgotten.
    """
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    """One job, unless one waits already; outside any transaction of the caller's."""
    # A lock that is taken would else break a transaction around us.
    with suppress(AlreadyEnqueued), transaction.atomic():
        apply_waiting_events.defer()


@app.task(name=hand_over_mail.TASK)
def mail_hand_over(entry: int) -> None:
    """Tell staff on duty that an agent asked for a human."""
    hand_over_mail.mail(entry)
