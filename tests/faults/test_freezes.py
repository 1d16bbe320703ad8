"""A worker is frozen at a point beyond its lease, others go on, it wakes: it does no harm, and tells what it knows."""

import os
import signal
from multiprocessing.context import ForkServerProcess

import pytest

from campaigns.models import Campaign, Send, Worker
from tests.faults import workers
from tests.faults.promises import IN_FLIGHT, PEOPLE, ROUNDS, campaign_of, check, finished
from tests.faults.server import Revmo, revmo, slowly
from tests.makers import states
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def freeze_and_go_on(campaign: Campaign, server: Revmo, point: str) -> dict[str, int]:
    """Freeze one there, let another take over until all has ended, wake the first; the states before it woke.

    It is stopped cleanly at the end, so that it has done all that it would do.
    """
    frozen = workers.start(server.url, point, sent=signal.SIGSTOP)
    try:
        wait_until(lambda: workers.is_frozen(frozen))
        Worker.objects.all().delete()  # as if it had been silent for long
        campaign.sends.filter(lease_until__isnull=False).update(lease_until="2026-01-01T00:00Z")
        with workers.running(server.url):
            wait_until(lambda: finished(campaign))
            before = states(campaign)
            signal_to(frozen, signal.SIGCONT)
            wait_until(lambda: not workers.is_frozen(frozen))
            assert workers.end(frozen) == 0
    finally:
        if frozen.exitcode is None:
            signal_to(frozen, signal.SIGKILL)
    return before


def signal_to(process: ForkServerProcess, what: signal.Signals) -> None:
    assert process.pid is not None
    os.kill(process.pid, what)


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_frozen_with_claims_in_hand_it_sends_none_of_them(attempt: int) -> None:
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        assert freeze_and_go_on(campaign, server, "after the claim") == {"accepted": PEOPLE}
        check(campaign, server, most_unknown=0)


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_frozen_between_intent_and_socket_it_sends_no_more(attempt: int) -> None:
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        before = freeze_and_go_on(campaign, server, "after the intent")
        assert 1 <= before["unknown"] <= IN_FLIGHT
        for send in campaign.sends.filter(state=Send.State.UNKNOWN):
            assert server.requests[send.to] == 0
        check(campaign, server, most_unknown=before["unknown"])


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_frozen_after_revmos_yes_it_turns_its_unknowns_into_accepted(attempt: int) -> None:
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        before = freeze_and_go_on(campaign, server, "after the server's yes")
        assert 1 <= before["unknown"] <= IN_FLIGHT
        check(campaign, server, most_unknown=before["unknown"] - 1)
