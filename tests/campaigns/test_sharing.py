"""Workers share an account's connections: never more than the limit in all, and a dead one holds nobody up."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Account, Mode, Worker, WorkerShare
from campaigns.sending import sharing
from campaigns.sending.lanes import Lane
from campaigns.sending.queue import Claimed
from revmo.client import RevmoClient
from tests.makers import make_account

CLAIM = Claimed(1, 1, None, "+12025550123", "YWdlbnQ=", "Hello", "", {}, False, 0)


def lane_of(account: Account) -> Lane:
    """A lane whose calls are never made: nobody waits for their end."""
    return Lane(account, lambda: RevmoClient("http://127.0.0.1:9", "key"), lambda done: None)


def worker() -> Worker:
    return Worker.objects.create(host="elsewhere", process=1, mode=Mode.SIMULATOR)


def beat(one: Worker, lane: Lane, *, stopping: bool = False) -> int:
    sharing.beat(one, {lane.account.pk: lane}, stopping=stopping)
    return lane.slots


@pytest.mark.parametrize(("limit", "workers"), [(32, 1), (32, 3), (7, 2), (1, 4)])
def test_fair_shares_add_up_to_the_limit(limit: int, workers: int) -> None:
    shares = [sharing.fair_share(limit, workers, place) for place in range(workers)]
    assert sum(shares) == limit
    assert max(shares) - min(shares) <= 1


@pytest.mark.django_db
def test_a_worker_alone_has_all_up_to_what_its_threads_can_use() -> None:
    assert beat(worker(), lane_of(make_account(in_flight_limit=32))) == 32
    assert beat(Worker.objects.get(), lane_of(make_account(in_flight_limit=1000))) == sharing.MOST_CONNECTIONS


@pytest.mark.django_db
def test_a_second_worker_gets_its_half_once_the_first_has_let_go() -> None:
    account = make_account(in_flight_limit=10)
    first, second, one, two = worker(), worker(), lane_of(account), lane_of(account)
    Worker.objects.filter(pk=second.pk).update(seen_at=timezone.now() - timedelta(minutes=1))
    assert beat(first, one) == 10
    one.begin([CLAIM] * 8)
    assert beat(second, two) == 0
    assert beat(first, one) == 5
    assert beat(second, two) == 2  # eight of the first are still under way
    one.end(8)
    assert beat(first, one) == 5
    assert beat(second, two) == 5
    assert sum(WorkerShare.objects.values_list("slots", flat=True)) == 10


@pytest.mark.django_db
def test_one_that_falls_silent_is_forgotten_and_comes_back() -> None:
    account = make_account(in_flight_limit=10)
    first, second, one, two = worker(), worker(), lane_of(account), lane_of(account)
    beat(first, one)
    Worker.objects.filter(pk=first.pk).update(seen_at=timezone.now() - sharing.ALIVE - timedelta(seconds=1))
    assert beat(second, two) == 10
    assert beat(first, one) == 0
    assert beat(second, two) == 5
    assert beat(first, one) == 5


@pytest.mark.django_db
def test_one_that_stops_leaves_its_share_to_the_others() -> None:
    account = make_account(in_flight_limit=10)
    first, second, one, two = worker(), worker(), lane_of(account), lane_of(account)
    beat(first, one)
    assert beat(first, one, stopping=True) == 0
    assert beat(second, two) == 10


@pytest.mark.django_db
def test_a_worker_whose_row_was_removed_makes_itself_known_again() -> None:
    first, lane = worker(), lane_of(make_account())
    Worker.objects.all().delete()
    beat(first, lane)
    assert Worker.objects.count() == 1


@pytest.mark.django_db
def test_without_news_from_the_database_nothing_more_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = lane_of(make_account(in_flight_limit=10))
    beat(worker(), lane)
    assert lane.free() == 10
    monkeypatch.setattr("campaigns.sending.lanes.GRANT_LASTS", 0.0)
    assert lane.free() == 0


@pytest.mark.django_db
def test_a_dead_process_of_this_host_is_removed_at_once() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    mine = sharing.join(Mode.SIMULATOR)
    assert mine.process == os.getpid()
    Worker.objects.create(host=mine.host, process=child.pid, mode=Mode.SIMULATOR)
    sharing.join(Mode.SIMULATOR)
    assert set(Worker.objects.values_list("process", flat=True)) == {os.getpid()}
