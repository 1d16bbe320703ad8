"""Odd answers of Revmo, through the whole engine: what each becomes, and that nobody is asked twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from campaigns import launching, rehearsal, steering
from campaigns.models import Account, Attempt, Campaign, Mode
from campaigns.sending import pacing
from campaigns.sending.engine import Engine
from contacts.models import Contact
from revmo.client import RevmoClient
from tests.faults.promises import campaign_of, finished
from tests.faults.server import YES, Call, Revmo, accept, revmo
from tests.makers import make_campaign, make_contacts, states
from tests.processes import free_port, wait_until
from tests.revmo.wire import response

pytestmark = pytest.mark.django_db(transaction=True)
TEN_MEGABYTES = 10 * 1024 * 1024


@contextmanager
def sending(server: Revmo, engines: int = 1) -> Iterator[None]:
    """Engines of this process at work."""
    made = [
        Engine(Mode.SIMULATOR, lambda: RevmoClient(server.url, "key", read_timeout=1.0, total_deadline=1.5))
        for _ in range(engines)
    ]
    for engine in made:
        engine.start()
    try:
        yield
    finally:
        stopped = [engine.stop(20) for engine in made]
        assert all(stopped)


def answering(answer: bytes) -> Callable[[Call], None]:
    return lambda call: call.accept(answer)


def cut(call: Call) -> None:
    call.accept(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + b'{"result": "Ok"')
    raise ConnectionError


def dripping(call: Call) -> None:
    call.accept(b"")
    call.peer.drip(YES * 100, pause=0.05)
    raise ConnectionError


def hung_up(call: Call) -> None:
    call.accept(b"")
    raise ConnectionError


def silent(call: Call) -> None:
    call.accept(b"")
    call.peer.wait_for_hang_up()
    raise ConnectionError


@pytest.mark.parametrize(
    ("behave", "state"),
    [
        (answering(response(303, b"", "Location: /elsewhere")), "unknown"),
        (answering(response(200, b"<html>Welcome to the hotel's network</html>")), "unknown"),
        (answering(response(200)), "unknown"),
        (answering(response(200, b"{" + b" " * TEN_MEGABYTES + b"}")), "unknown"),
        (answering(response(500)), "unknown"),
        (answering(response(503, b"", "Retry-After: 0")), "unknown"),
        (answering(response(409)), "unknown"),
        (cut, "accepted"),
        (dripping, "unknown"),
        (hung_up, "unknown"),
        (silent, "unknown"),
    ],
    ids=["303", "HTML", "empty", "10 MB", "500", "503", "409", "cut", "dripping", "hung up", "silent"],
)
def test_each_is_asked_once_and_becomes(behave: Callable[[Call], None], state: str) -> None:
    campaign = campaign_of(3)
    with revmo(behave) as server:
        with sending(server):
            wait_until(lambda: finished(campaign))
        assert sorted(server.requests.values()) == [1, 1, 1]
    assert states(campaign) == {state: 3}


def test_a_revmo_that_is_down_is_waited_for_and_asked_once() -> None:
    campaign = campaign_of(5)
    port = free_port()
    with sending(Revmo(f"http://127.0.0.1:{port}")):
        wait_until(lambda: Attempt.objects.filter(outcome=Attempt.Outcome.RETRY).count() >= 5)
        with revmo(port=port) as server:
            wait_until(lambda: finished(campaign))
            assert sorted(server.requests.values()) == [1] * 5
    assert states(campaign) == {"accepted": 5}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_stops_the_account_for_a_person(status: int) -> None:
    campaign = campaign_of(20, in_flight_limit=2)
    with revmo() as elsewhere:
        redirect = response(status, b"", f"Location: {elsewhere.url}/v1/startsms/")
        with revmo(lambda call: call.peer.send(redirect)) as server, sending(server):
            wait_until(lambda: Account.objects.filter(paused_at__isnull=False).exists())
            wait_until(lambda: states(campaign) == {"queued": 20})
            assert server.total <= 4
        assert elsewhere.total == 0


def test_a_401_on_the_third_stops_the_account_and_who_resumes_sends_each_once() -> None:
    campaign = campaign_of(200, in_flight_limit=4)
    account = campaign.agent.account
    mended = threading.Event()

    def behave(call: Call) -> None:
        if call.place >= 3 and not mended.is_set():
            call.peer.send(response(401))
        else:
            call.accept()

    with revmo(behave) as server, sending(server, engines=2):
        wait_until(lambda: Account.objects.filter(paused_at__isnull=False).exists())
        wait_until(lambda: states(campaign) == {"accepted": 2, "queued": 198})
        # Those that were under way when the first answer was read, and one more of each engine.
        assert server.total <= 2 + 4 + 2
        mended.set()
        assert steering.resume_account(account)
        wait_until(lambda: finished(campaign))
        assert set(server.accepted.values()) == {1}
    assert states(campaign) == {"accepted": 200}


@contextmanager
def thirty_two_in_flight() -> Iterator[tuple[Revmo, threading.Event]]:
    """An engine whose connections are all in use until the event is set, or the block is left."""
    go_on = threading.Event()

    def behave(call: Call) -> None:
        go_on.wait(20)
        call.accept()

    with revmo(behave) as server:
        engine = Engine(Mode.SIMULATOR, lambda: RevmoClient(server.url, "key"))
        engine.start()
        try:
            wait_until(lambda: server.total == 32)
            yield server, go_on
        finally:
            go_on.set()
            assert engine.stop(20)


def test_a_pause_with_32_in_flight_lets_those_end_and_no_other_begin() -> None:
    campaign = campaign_of(100, in_flight_limit=32)
    with thirty_two_in_flight() as (server, go_on):
        assert steering.pause(campaign, "wait")
        go_on.set()
        wait_until(lambda: states(campaign) == {"accepted": 32, "queued": 68})
        assert server.total == 32
        assert steering.resume(campaign)
        wait_until(lambda: finished(campaign))
    assert set(server.requests.values()) == {1}
    assert states(campaign) == {"accepted": 100}


def test_a_cancel_with_32_in_flight_lets_those_end_and_spares_all_others() -> None:
    campaign = campaign_of(100, in_flight_limit=32)
    with thirty_two_in_flight() as (server, _):
        assert steering.cancel(campaign) == 68
        assert states(campaign) == {"posting": 32, "canceled": 68}
    assert server.total == 32
    assert states(campaign) == {"accepted": 32, "canceled": 68}


def test_a_throttled_account_does_not_slow_another_down() -> None:
    people = make_contacts(430)
    throttled, free = launched_for(people[:30]), launched_for(people[30:])
    slow = {one.phone for one in people[:30]}

    def behave(call: Call) -> None:
        if call.to in slow:
            call.peer.send(response(429, b"", "Retry-After: 600"))
        else:
            call.accept()

    with revmo(behave) as server, sending(server):
        wait_until(lambda: finished(free))  # long before any of the throttled may be tried again
        wait_until(lambda: states(throttled) == {"queued": 30})
        assert pacing.share_of_rate(free.agent.account, Mode.SIMULATOR) == 1
        assert pacing.share_of_rate(throttled.agent.account, Mode.SIMULATOR) < 1
    assert states(free) == {"accepted": 400}


def launched_for(people: list[Contact]) -> Campaign:
    """A running campaign on an account of its own."""
    campaign = make_campaign(people)
    launching.launch(campaign, rehearsal.rehearse(campaign))
    return campaign


@pytest.mark.parametrize(
    "patience", ["1", datetime(2020, 1, 1, tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"), "0", "-1", "abc"]
)
def test_a_429_fails_nobody_whatever_it_asks_for(patience: str) -> None:
    campaign = campaign_of(3)

    def behave(call: Call) -> None:
        if call.attempt == 1:
            call.peer.send(response(429, b"", f"Retry-After: {patience}"))
        else:
            accept(call)

    with revmo(behave) as server, sending(server):
        wait_until(lambda: finished(campaign))
        assert set(server.accepted.values()) == {1}
    assert states(campaign) == {"accepted": 3}
