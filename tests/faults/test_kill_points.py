"""kill -9 at every named point of a text's way, with several workers: the other side's ledger against our rows."""

import pytest

from campaigns.models import Campaign
from tests.faults import workers
from tests.faults.promises import IN_FLIGHT, ROUNDS, campaign_of, check, finished
from tests.faults.server import Revmo, revmo, slowly
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def drain(campaign: Campaign, server: Revmo) -> None:
    with workers.running(server.url):
        wait_until(lambda: finished(campaign))


def let_die(campaign: Campaign, server: Revmo, point: str, passings: list[int]) -> int:
    """Workers at once, each of which dies at the point unless the campaign ends before; how many died."""
    doomed = [workers.start(server.url, point, passing=passing) for passing in passings]
    dead = []
    while doomed and not finished(campaign):
        wait_until(lambda: finished(campaign) or any(one.exitcode is not None for one in doomed))
        for one in [one for one in doomed if one.exitcode is not None]:
            workers.bury(one)
            doomed.remove(one)
            dead.append(one)
    for one in doomed:
        assert workers.end(one) == 0
    assert {one.exitcode for one in dead} <= {-9}
    return len(dead)


@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize("point", workers.POINTS)
def test_killed_there(point: str, attempt: int) -> None:
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        passing = 1 if point == "after the claim" else 1 + attempt % 3  # one claim takes them all
        dead = let_die(campaign, server, point, [passing, passing])
        assert dead
        drain(campaign, server)
        check(campaign, server, most_unknown=0 if point == "after the claim" else dead * IN_FLIGHT)


@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize("point", workers.REAPING)
def test_killed_in_the_reaper(point: str, attempt: int) -> None:
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        dead = let_die(campaign, server, "after the server's yes", [1 + attempt % 5])
        assert let_die(campaign, server, point, [1, 1]) >= 1
        drain(campaign, server)
        check(campaign, server, most_unknown=dead * IN_FLIGHT)
