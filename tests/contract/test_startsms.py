"""Our client against the simulator, which knows none of our code: both read the same guide."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from revmo.client import RevmoClient, StartSms
from revmo.outcomes import Verdict
from simulator.config import Config
from simulator.server import Simulator

AGENT_ID = "YWdlbnQ="


def number(last: int) -> str:
    """The simulator decides by the last two digits what happens."""
    return f"+120255501{last:02d}"


def text(last: int = 1) -> StartSms:
    return StartSms(AGENT_ID, number(last), override="Hello")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Config(port=0, delivery_delay=0, slow_delay=0.2)).running() as running:
        yield running


@contextmanager
def calling(simulator: Simulator, key: str = "simulator", **options: float) -> Iterator[RevmoClient]:
    client = RevmoClient(simulator.url, key, **options)
    try:
        yield client
    finally:
        client.close()


def requests_to(simulator: Simulator, last: int) -> dict[str, int]:
    counts: dict[str, int] = simulator.ledger()["numbers"][number(last)]
    return counts


def test_a_text_is_accepted_with_its_thread_id(simulator: Simulator) -> None:
    with calling(simulator) as client:
        outcomes = [client.start_sms(text(last)) for last in (1, 2)]

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert all(outcome.thread_id for outcome in outcomes)
    assert outcomes[0].thread_id != outcomes[1].thread_id
    assert requests_to(simulator, 1) == {"requests": 1, "accepted": 1}


def test_all_six_fields_arrive(simulator: Simulator) -> None:
    metadata = {"customer_name": "José", "appointment_time": "2025-02-22T15:00:00Z", "rc_send": "17.x"}
    call = StartSms(AGENT_ID, number(3), "appointment_reminder", metadata, "See you at 3 pm 🙂", no_agent=True)

    with calling(simulator) as client:
        outcome = client.start_sms(call, reference="17.x")

    assert outcome.verdict is Verdict.ACCEPTED
    assert simulator.requests() == [
        {
            "to": number(3),
            "status": 200,
            "body": {
                "agentId": AGENT_ID,
                "to": number(3),
                "trigger": "appointment_reminder",
                "metadata": metadata,
                "override": "See you at 3 pm 🙂",
                "no_agent": "true",
            },
        }
    ]


def test_the_least_that_the_guide_demands_is_enough(simulator: Simulator) -> None:
    with calling(simulator) as client:
        assert client.start_sms(StartSms(AGENT_ID, number(4))).verdict is Verdict.ACCEPTED
    assert simulator.requests()[0]["body"] == {"agentId": AGENT_ID, "to": number(4)}


def test_a_bad_key_halts(simulator: Simulator) -> None:
    with calling(simulator, key="wrong") as client:
        outcome = client.start_sms(text())

    assert (outcome.verdict, outcome.http_status) == (Verdict.HALT, 401)
    assert "REVMO_API_KEY" in outcome.detail


def test_too_many_are_asked_to_wait() -> None:
    with Simulator(Config(port=0, rate=1)).running() as simulator, calling(simulator) as client:
        first, second = client.start_sms(text(1)), client.start_sms(text(2))

    assert first.verdict is Verdict.ACCEPTED
    assert (second.verdict, second.reason, second.slow_down) == (Verdict.RETRY, "http_429", True)
    assert second.retry_after == 1
    assert requests_to(simulator, 2) == {"requests": 1, "accepted": 0}


def test_a_busy_number_is_accepted_at_the_next_try(simulator: Simulator) -> None:
    with calling(simulator) as client:
        assert client.start_sms(text(98)).verdict is Verdict.RETRY
        assert client.start_sms(text(98)).verdict is Verdict.ACCEPTED
    assert requests_to(simulator, 98) == {"requests": 2, "accepted": 1}


@pytest.mark.parametrize(
    ("last", "reason"), [(92, "http_500"), (93, "reset"), (94, "read_timeout")], ids=["500", "reset", "silence"]
)
def test_what_nobody_can_know_is_asked_once(simulator: Simulator, last: int, reason: str) -> None:
    with calling(simulator, read_timeout=0.5) as client:
        outcome = client.start_sms(text(last))

    assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, reason)
    assert outcome.counts_toward_brake
    assert requests_to(simulator, last)["requests"] == 1


def test_a_slow_answer_is_waited_for(simulator: Simulator) -> None:
    with calling(simulator) as client:
        assert client.start_sms(text(91)).verdict is Verdict.ACCEPTED


def test_a_number_that_cannot_receive_fails_with_its_reason(simulator: Simulator) -> None:
    with calling(simulator) as client:
        outcome = client.start_sms(text(99))

    assert (outcome.verdict, outcome.http_status) == (Verdict.FAILED, 400)
    assert outcome.detail == "Revmo refused this text: The number cannot receive texts."


def test_a_connection_serves_many_texts_whatever_became_of_them(simulator: Simulator) -> None:
    with calling(simulator, read_timeout=0.5) as client:
        verdicts = [client.start_sms(text(last)).verdict for last in (1, 93, 2, 99, 3, 92, 4)]

    assert verdicts.count(Verdict.ACCEPTED) == 4
    assert simulator.ledger()["totals"] == {"requests": 7, "accepted": 4}
