"""An opt-out and the intent of a text race, again and again, with somebody else on the text's row at times."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.db import connection, transaction

from campaigns.models import Account, Campaign, Mode, Send
from campaigns.sending import intents, queue
from campaigns.sending.queue import Claimed
from contacts.models import Suppression
from contacts.suppressing import lock_numbers, suppress
from tests.faults.promises import campaign_of

RACES = 10_000 if "SOAK" in os.environ else 300
# Seconds: more than each of the three takes, so that any of them may come first.
LATEST_START = 0.004


def intend(claim: Claimed) -> None:
    intents.commit_intents(Account.objects.get(), Mode.SIMULATOR, [claim], 60.0)


def opt_out(claim: Claimed) -> datetime:
    """When it had the number for itself; from then on no intent may be made."""
    with transaction.atomic():
        lock_numbers([claim.to])
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            alone: datetime = cursor.fetchone()[0]
        suppress([claim.to], source=Suppression.Source.REPLY, evidence="STOP")
    return alone


def hold(claim: Claimed, seconds: float) -> None:
    """Keep the row: an intent whose statement began before the opt-out goes on after it, with what it saw then."""
    with transaction.atomic():
        Send.objects.select_for_update().get(pk=claim.id)
        time.sleep(seconds)


@pytest.mark.django_db(transaction=True)
def test_no_intent_is_made_after_an_opt_out_in_any_order_of_events() -> None:
    campaign = campaign_of(RACES, messages_per_second=100_000)
    dice = random.Random(RACES)
    ends: Counter[str] = Counter()
    with three_sessions() as pool:
        for _ in range(RACES):
            (claim,) = queue.claim(Account.objects.get(), Mode.SIMULATOR, 1, 60.0)
            alone = race(pool, dice, claim)
            send = Send.objects.get(pk=claim.id)
            ends[send.state] += 1
            assert send.state in ("posting", "suppressed")
            assert send.posted_at is None or send.posted_at < alone
    # Else the dice would have proved nothing.
    assert min(ends["posting"], ends["suppressed"]) > RACES / 10
    assert Campaign.objects.get(pk=campaign.pk).status == "running"


@contextmanager
def three_sessions() -> Iterator[ThreadPoolExecutor]:
    """Threads that keep their connections from race to race."""
    at_rest = threading.Barrier(3)

    def close() -> None:
        at_rest.wait()  # so that each of the three closes its own
        connection.close()

    with ThreadPoolExecutor(3) as pool:
        try:
            yield pool
        finally:
            for _ in range(3):
                pool.submit(close)


def race(pool: ThreadPoolExecutor, dice: random.Random, claim: Claimed) -> datetime:
    """Let all three loose; when the opt-out had the number for itself."""
    start = threading.Barrier(3)

    def late(work: Callable[[], datetime | None], delay: float) -> datetime | None:
        start.wait()
        time.sleep(delay)
        return work()

    delays = [dice.uniform(0, LATEST_START) for _ in range(3)]
    held = dice.choice([0.0, dice.uniform(0, LATEST_START)])
    runs = [
        pool.submit(late, lambda: intend(claim), delays[0]),
        pool.submit(late, lambda: opt_out(claim), delays[1]),
        pool.submit(late, lambda: hold(claim, held), delays[2]),
    ]
    alone = [run.result() for run in runs][1]
    assert alone is not None
    return alone
