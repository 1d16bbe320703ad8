"""A worker is killed, frozen or stopped in the middle: nobody is texted twice, and nothing is told that is not so."""

import os
import signal
import time

import pytest

from campaigns.models import Campaign, Send
from simulator.config import Config
from simulator.server import Simulator
from tests.makers import launched, make_account, make_agent, states
from tests.processes import start_worker, wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)

# How often each death is tried; `make soak` asks for more.
ROUNDS = int(os.environ.get("SOAK", "3"))
# Short leases, so that a test need not wait a minute for the reaper. Seconds.
QUICK = {"SEND_LEASE_SECONDS": "6", "REVMO_TOTAL_DEADLINE": "1", "REVMO_READ_TIMEOUT": "1"}
PEOPLE, IN_FLIGHT = 60, 8


def campaign_of(people: int) -> Campaign:
    return launched(people, agent=make_agent(make_account(in_flight_limit=IN_FLIGHT, messages_per_second=2_000)))


def finished(campaign: Campaign) -> bool:
    campaign.refresh_from_db()
    return campaign.status == Campaign.Status.FINISHED


def check_promises(campaign: Campaign, simulator: Simulator, most_unknown: int) -> None:
    """Promises 1, 2 and 6, by the other side's own ledger."""
    ledger = simulator.ledger()["numbers"]
    assert max(one["requests"] for one in ledger.values()) == 1
    for send in campaign.sends.all():
        seen = ledger.get(send.to, {"requests": 0, "accepted": 0})
        if send.state == Send.State.ACCEPTED:
            assert seen["accepted"] == 1, send.to
        else:
            assert send.state == Send.State.UNKNOWN, send.state
    assert states(campaign).get("unknown", 0) <= most_unknown


@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_worker_killed_in_mid_campaign(share: float, attempt: int) -> None:
    campaign = campaign_of(PEOPLE)
    with Simulator(Config(port=0, delivery_delay=0.01, latency=0.03)).running() as simulator:
        first = start_worker(simulator.url, **QUICK)
        wait_until(lambda: simulator.ledger()["totals"]["requests"] >= PEOPLE * share)
        first.kill()
        first.wait()
        with worker(simulator.url, **QUICK):
            wait_until(lambda: finished(campaign))
        check_promises(campaign, simulator, most_unknown=IN_FLIGHT)


def test_a_worker_frozen_beyond_its_lease_sends_nothing_twice_when_it_goes_on() -> None:
    campaign = campaign_of(PEOPLE)
    with Simulator(Config(port=0, delivery_delay=0.01, latency=0.03)).running() as simulator:
        frozen = start_worker(simulator.url, **QUICK)
        wait_until(lambda: simulator.ledger()["totals"]["requests"] >= 10)
        frozen.send_signal(signal.SIGSTOP)
        try:
            with worker(simulator.url, **QUICK):
                wait_until(lambda: finished(campaign))
                frozen.send_signal(signal.SIGCONT)
                deadline = time.monotonic() + 2  # room for the frozen one to do harm
                wait_until(lambda: time.monotonic() > deadline)
        finally:
            frozen.send_signal(signal.SIGCONT)
            frozen.terminate()
            frozen.wait()
        check_promises(campaign, simulator, most_unknown=IN_FLIGHT)


def test_a_worker_stopped_by_sigterm_leaves_no_unknown() -> None:
    campaign = campaign_of(PEOPLE)
    with Simulator(Config(port=0, delivery_delay=0.01, latency=0.03)).running() as simulator:
        for share in (0.2, 0.5):
            with worker(simulator.url) as process:
                wait_until(lambda share=share: simulator.ledger()["totals"]["requests"] >= PEOPLE * share)  # type: ignore[misc]
                process.terminate()
                assert process.wait(30) == 0
            assert not campaign.sends.filter(state__in=["claimed", "posting", "unknown"]).exists()
        with worker(simulator.url):
            wait_until(lambda: finished(campaign))
        check_promises(campaign, simulator, most_unknown=0)
    assert states(campaign) == {"accepted": PEOPLE}


def test_three_workers_share_a_campaign() -> None:
    campaign = campaign_of(PEOPLE)
    with (
        Simulator(Config(port=0, delivery_delay=0.01, latency=0.03)).running() as simulator,
        worker(simulator.url),
        worker(simulator.url),
        worker(simulator.url),
    ):
        wait_until(lambda: finished(campaign))
        check_promises(campaign, simulator, most_unknown=0)
