"""Jobs of the engine. They carry only wake-ups: one that is lost or doubled is harmless."""

import threading

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

# Set in a worker process; its engine waits on it.
woken = threading.Event()


@app.task(name="campaigns.wake", queueing_lock="campaigns.wake")
def wake() -> None:
    """Tell the engine of this process that something is due."""
    woken.set()


def wake_workers() -> None:
    """Have a worker look at the queue now; inside the caller's transaction, so that it sees what was queued."""
    try:
        with transaction.atomic():  # a lock that is taken would else break the caller's transaction
            wake.defer()
    except AlreadyEnqueued:
        pass
