"""What a worker does with a campaign's texts, step by step, in this session or in another."""

import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from campaigns.models import Account, Campaign, Mode
from campaigns.sending import intents, queue
from campaigns.sending.queue import Claimed
from campaigns.sending.results import Result

LEASE = 60.0
SIMULATOR = Mode.SIMULATOR


def account_of(campaign: Campaign) -> Account:
    return campaign.agent.account


def claim(campaign: Campaign, limit: int = 10) -> list[Claimed]:
    return queue.claim(account_of(campaign), SIMULATOR, limit, LEASE)


def intend(campaign: Campaign, claims: list[Claimed]) -> list[int]:
    going, _ = intents.commit_intents(account_of(campaign), SIMULATOR, claims, LEASE)
    return sorted(one.id for one in going.posting)


def accepted(claims: list[Claimed]) -> list[Result]:
    return [
        Result(
            one.id,
            one.fence,
            "accepted",
            thread_id=f"thread {one.id}",
            http_status=200,
            outcome="accepted",
            latency_ms=41,
        )
        for one in claims
    ]


def let_leases_end(campaign: Campaign) -> None:
    campaign.sends.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))


def in_another_session(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def blocked_until(release: Callable[[], None], work: Callable[[], object]) -> bool:
    """Start `work` in another session; True if it could not finish before `release`."""
    done = threading.Event()

    def run() -> None:
        work()
        done.set()

    thread = in_another_session(run)
    waited = not done.wait(0.3)
    release()
    thread.join(10)
    assert done.is_set()
    return waited
