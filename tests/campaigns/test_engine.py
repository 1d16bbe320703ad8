"""The loop between the queue and the sockets, against the simulator over a socket."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, transaction

from campaigns import launching, rehearsal, steering
from campaigns.models import Account, Campaign, Mode
from campaigns.sending import engine as engine_module
from campaigns.sending import intents, sharing
from campaigns.sending.engine import Engine
from contacts.models import Contact, Suppression
from contacts.suppressing import suppress
from revmo.client import RevmoClient
from simulator.config import Config
from simulator.server import Simulator
from tests.makers import launched, make_account, make_agent, make_campaign, make_contacts, number, states
from tests.processes import wait_until
from tests.simulator.wire import on_phone

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def sending(make_client: Callable[[], RevmoClient] | None = None, **options: object) -> Iterator[Simulator]:
    """A simulator and an engine that sends to it."""
    config = Config(**{"port": 0, "delivery_delay": 0.01} | options)  # type: ignore[arg-type]
    with Simulator(config).running() as simulator:
        engine = Engine(
            Mode.SIMULATOR, make_client or (lambda: RevmoClient(simulator.url, "simulator", read_timeout=0.5))
        )
        engine.start()
        try:
            yield simulator
        finally:
            assert engine.stop(20)


def finished(campaign: Campaign) -> Callable[[], bool]:
    def check() -> bool:
        campaign.refresh_from_db()
        return campaign.status == Campaign.Status.FINISHED

    return check


def test_each_person_gets_one_text_and_its_thread_is_kept() -> None:
    campaign = launched(50)
    with sending() as simulator:
        wait_until(finished(campaign))
        ledger = simulator.ledger()["numbers"]
    assert ledger == {number(index): {"requests": 1, "accepted": 1} for index in range(50)}
    assert states(campaign) == {"accepted": 50}
    assert not campaign.sends.filter(thread_id="").exists()


@pytest.mark.parametrize(
    ("suffix", "state", "requests"),
    [("92", "unknown", 1), ("93", "unknown", 1), ("94", "unknown", 1), ("99", "failed", 1)],
)
def test_a_bad_end_is_told_as_it_is_and_never_tried_again(suffix: str, state: str, requests: int) -> None:
    phone = f"+120255501{suffix}"
    campaign = make_campaign([Contact.objects.create(phone=phone, first_name="Erin")])
    launching.launch(campaign, rehearsal.rehearse(campaign))
    with sending() as simulator:
        wait_until(finished(campaign))
        assert simulator.ledger()["numbers"][phone]["requests"] == requests
    assert states(campaign) == {state: 1}


def test_a_429_is_tried_again_after_what_revmo_asks() -> None:
    phone = "+12025550198"
    campaign = make_campaign([Contact.objects.create(phone=phone, first_name="Beth")])
    launching.launch(campaign, rehearsal.rehearse(campaign))
    with sending() as simulator:
        wait_until(finished(campaign))
        assert simulator.ledger()["numbers"][phone] == {"requests": 2, "accepted": 1}
    assert campaign.sends.get().attempts == 2


def test_a_wrong_key_pauses_the_account_and_loses_nobody() -> None:
    campaign = launched(200, agent=make_agent(make_account(in_flight_limit=4)))
    account = campaign.agent.account
    with sending(api_key="another") as simulator:

        def paused() -> bool:
            account.refresh_from_db()
            return account.paused_at is not None

        wait_until(paused)
        wait_until(lambda: states(campaign) == {"queued": 200})
        # No more than were under way when the first answer was read.
        assert simulator.ledger()["totals"] == {"requests": simulator.ledger()["totals"]["requests"], "accepted": 0}
        assert simulator.ledger()["totals"]["requests"] <= 8
    assert "REVMO_API_KEY" in account.pause_reason


def test_an_account_that_a_person_lets_go_on_sends_the_rest() -> None:
    campaign = launched(5)
    account = campaign.agent.account
    Account.objects.update(paused_at="2026-01-01T00:00Z", pause_reason="bad key")
    with sending() as simulator:
        assert steering.resume_account(account)
        wait_until(finished(campaign))
        assert simulator.ledger()["totals"] == {"requests": 5, "accepted": 5}


def test_a_pause_holds_the_rest_and_a_resume_sends_it_once() -> None:
    campaign = launched(60, agent=make_agent(make_account(in_flight_limit=2)))
    with sending(latency=0.02) as simulator:
        wait_until(lambda: simulator.ledger()["totals"]["requests"] >= 5)
        assert steering.pause(campaign, "wait")
        wait_until(lambda: set(states(campaign)) <= {"queued", "accepted"})
        before = simulator.ledger()["totals"]["requests"]
        assert before < 60
        assert states(campaign) == {"accepted": before, "queued": 60 - before}
        assert steering.resume(campaign)
        wait_until(finished(campaign))
        assert {one["requests"] for one in simulator.ledger()["numbers"].values()} == {1}
    assert states(campaign) == {"accepted": 60}


def test_who_opts_out_while_it_runs_gets_no_text() -> None:
    campaign = launched(80, agent=make_agent(make_account(in_flight_limit=2)))
    late = [number(index) for index in range(60, 80)]
    with sending(latency=0.01) as simulator:
        suppress(late, source=Suppression.Source.REPLY, evidence="STOP")
        wait_until(finished(campaign))
        assert not set(late) & set(simulator.ledger()["numbers"])
    assert states(campaign) == {"accepted": 60, "suppressed": 20}


def test_whom_revmo_calls_opted_out_is_opted_out_here_as_well() -> None:
    """The phone's STOP reached Revmo, and its event never reached us."""
    contact = make_contacts(1)[0]
    first = make_campaign([contact])
    second = make_campaign([contact], agent=first.agent)
    third = make_campaign([contact], agent=first.agent)
    with sending() as simulator:
        launching.launch(first, rehearsal.rehearse(first))
        wait_until(finished(first))
        assert on_phone(simulator, contact.phone, "reply", {"body": "STOP"}).status == 200
        with transaction.atomic():  # or Revmo's answer to the second stops the launch of the third
            for campaign in (second, third):
                launching.launch(campaign, rehearsal.rehearse(campaign))
        wait_until(lambda: finished(second)() and finished(third)())
        requests = simulator.ledger()["numbers"][contact.phone]["requests"]
    suppression = Suppression.objects.standing().get()
    assert (suppression.phone, suppression.source) == (contact.phone, "provider")
    assert "opted out" in suppression.evidence
    ends = {*states(second), *states(third)}
    assert ends <= {"failed", "suppressed"}
    assert 2 <= requests <= 3  # never a second try of the same text


def test_two_engines_send_each_text_once() -> None:
    campaign = launched(200)
    with sending() as simulator:
        second = Engine(Mode.SIMULATOR, lambda: RevmoClient(simulator.url, "simulator"))
        second.start()
        wait_until(finished(campaign))
        assert second.stop(20)
        assert {one["requests"] for one in simulator.ledger()["numbers"].values()} == {1}
        assert simulator.ledger()["totals"]["accepted"] == 200


def test_an_engine_of_live_mode_leaves_simulated_texts_alone() -> None:
    campaign = launched(3)
    with Simulator(Config(port=0)).running() as simulator:
        engine = Engine(Mode.LIVE, lambda: RevmoClient(simulator.url, "simulator"))
        engine.start()
        engine.wake()
        assert engine.stop(20)
        assert simulator.ledger()["totals"]["requests"] == 0
    assert states(campaign) == {"queued": 3}


def test_a_call_that_cannot_be_made_fails_and_the_others_go_on() -> None:
    campaign = launched(3)
    odd = campaign.sends.get(to=number(0))
    campaign.sends.filter(pk=odd.pk).update(to="+1234567")  # as E.164, but no number that Revmo would take
    with sending() as simulator:
        wait_until(finished(campaign))
        assert simulator.ledger()["totals"]["accepted"] == 2
    assert states(campaign) == {"accepted": 2, "failed": 1}


def test_an_address_that_cannot_be_one_stops_the_account_and_loses_nobody() -> None:
    campaign = launched(3)
    account = campaign.agent.account
    with sending(lambda: RevmoClient("nonsense", "key")):

        def paused() -> bool:
            account.refresh_from_db()
            return account.paused_at is not None

        wait_until(paused)
        wait_until(lambda: states(campaign) == {"queued": 3})
    assert "REVMO_API_URL" in account.pause_reason


def test_an_error_of_ours_in_mid_call_is_an_unknown() -> None:
    class Broken(RevmoClient):
        def start_sms(self, *args: object, **kwargs: object) -> None:  # type: ignore[override]
            raise RuntimeError("a defect")

    campaign = launched(1)
    with sending(lambda: Broken("http://127.0.0.1:9", "key")):
        wait_until(finished(campaign))
    assert states(campaign) == {"unknown": 1}


def test_an_intent_whose_commit_nobody_confirmed_is_taken_back_and_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = launched(60, agent=make_agent(make_account(in_flight_limit=4)))
    commit_intents = intents.commit_intents
    lost = iter([True, False, True])

    def lose(*arguments: Any) -> Any:
        done = commit_intents(*arguments)
        if len(done[0].posting) > 0 and next(lost, False):
            raise OperationalError("the connection broke after the commit")
        return done

    monkeypatch.setattr(intents, "commit_intents", lose)
    with sending() as simulator:
        wait_until(finished(campaign))
        assert {one["requests"] for one in simulator.ledger()["numbers"].values()} == {1}
    assert states(campaign) == {"accepted": 60}
    assert set(campaign.sends.values_list("attempts", "crashes")) == {(1, 0)}


def test_a_dispatcher_frozen_in_a_transaction_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = launched(60, agent=make_agent(make_account(in_flight_limit=4, messages_per_second=20)))
    held, go_on, fair_share = threading.Event(), threading.Event(), sharing.fair_share

    def freeze_once(*arguments: Any) -> int:
        if not held.is_set():  # in the middle of a transaction, with a lock that other workers need
            held.set()
            go_on.wait(30)
        return fair_share(*arguments)

    monkeypatch.setattr(sharing, "fair_share", freeze_once)
    monkeypatch.setattr(engine_module, "LONGEST_IDLE_TRANSACTION", 0.5)
    with sending() as simulator:
        assert held.wait(10)
        second = Engine(Mode.SIMULATOR, lambda: RevmoClient(simulator.url, "simulator"))
        second.start()
        wait_until(lambda: bool(campaign.sends.filter(state="accepted").count()))
        go_on.set()
        wait_until(finished(campaign))
        assert second.stop(20)
        assert {one["requests"] for one in simulator.ledger()["numbers"].values()} == {1}
    assert states(campaign) == {"accepted": 60}
