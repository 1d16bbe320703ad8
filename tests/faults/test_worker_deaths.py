"""Workers that come and go: killed at any moment, restarted one after the other, told twice, told nothing."""

import os
import random
import signal

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.models import Send
from campaigns.sending.queue import MAX_CRASHES
from tests.faults import workers
from tests.faults.promises import IN_FLIGHT, PEOPLE, ROUNDS, campaign_of, check, finished
from tests.faults.server import revmo, slowly
from tests.makers import number, states
from tests.processes import start_worker, wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)
RESTARTS = 20 if "SOAK" in os.environ else 5


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_killed_at_any_moment(attempt: int) -> None:
    campaign = campaign_of()
    dice = random.Random(attempt)
    with revmo(slowly(0.02)) as server:
        dead = 0
        while True:
            one = workers.start(server.url)
            goal = server.total + dice.randint(1, 15)  # past the last text: it may do the rest
            wait_until(lambda goal=goal: server.total >= goal or finished(campaign))  # type: ignore[misc]
            if finished(campaign):
                workers.end(one)
                break
            one.kill()
            workers.bury(one)
            dead += 1
        # A text whose worker died three times before its intent fails unsent.
        check(campaign, server, most_unknown=dead * IN_FLIGHT, most_failed=dead)


def test_a_clean_stop_leaves_nothing_under_way_and_three_share_a_campaign() -> None:
    """The command itself, as people run it."""
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        process = start_worker(server.url)
        wait_until(lambda: server.total >= 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert set(states(campaign)) <= {"queued", "accepted"}
        with worker(server.url), worker(server.url), worker(server.url):
            wait_until(lambda: finished(campaign))
        check(campaign, server, most_unknown=0)


def test_rolling_restarts_lose_and_double_nothing() -> None:
    campaign = campaign_of(RESTARTS * 12, messages_per_second=100)
    with revmo(slowly(0.01)) as server:
        old = workers.start(server.url)
        wait_until(lambda: workers.is_at_work(old))
        for place in range(RESTARTS):
            new = workers.start(server.url)
            wait_until(lambda place=place: server.total >= 10 * place or finished(campaign))  # type: ignore[misc]
            wait_until(lambda new=new: workers.is_at_work(new))  # type: ignore[misc]
            assert workers.end(old) == 0
            assert not campaign.sends.filter(state=Send.State.UNKNOWN).exists()
            old = new
        wait_until(lambda: finished(campaign))
        assert workers.end(old) == 0
        check(campaign, server, most_unknown=0)


def test_a_wake_up_that_comes_three_times_changes_nothing() -> None:
    campaign = campaign_of()
    wake = app.tasks["campaigns.wake"]
    for place in range(3):
        wake.configure(queueing_lock=f"another {place}").defer()
    with revmo(slowly(0.02)) as server, workers.running(server.url), workers.running(server.url):
        wait_until(lambda: finished(campaign))
        wake.configure(queueing_lock="late").defer()  # and once more, long after
        late = ProcrastinateJob.objects.filter(queueing_lock="late", status__in=["todo", "doing"])
        wait_until(lambda: not late.exists())
        check(campaign, server, most_unknown=0)


def test_without_any_wake_up_the_rest_is_found() -> None:
    campaign = campaign_of()
    ProcrastinateJob.objects.all().delete()
    with revmo(slowly(0.02)) as server, workers.running(server.url):
        wait_until(lambda: finished(campaign))
        check(campaign, server, most_unknown=0)


def test_a_text_that_kills_its_worker_fails_and_takes_nobody_along() -> None:
    campaign = campaign_of()
    poison = number(PEOPLE // 2)
    with revmo() as server:
        for _ in range(MAX_CRASHES):
            one = workers.start(server.url, f"at {poison}")
            wait_until(lambda one=one: one.exitcode is not None)  # type: ignore[misc]
            workers.bury(one)
        last = workers.start(server.url, f"at {poison}")
        wait_until(lambda: finished(campaign))
        assert workers.end(last) == 0
        # What was in flight when it struck is unknown, as after any death.
        check(campaign, server, most_unknown=MAX_CRASHES * IN_FLIGHT, most_failed=1)
    failed = campaign.sends.get(to=poison)
    assert (failed.state, failed.crashes, failed.attempts) == ("failed", MAX_CRASHES, 0)
