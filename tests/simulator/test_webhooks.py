"""Events are signed, tried again until somebody takes them, and say what the design says."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from simulator.config import Config
from simulator.server import Simulator
from tests.simulator.conftest import SECRET
from tests.simulator.wire import Receiver, eventually, number, on_phone, pair, port_of, receiving, start_sms


def speaking_to(url: str, **settings: object) -> Simulator:
    """A hasty simulator that calls this webhook."""
    hasty: dict[str, object] = {
        "port": 0,
        "delivery_delay": 0,
        "retry_delays": (0.01,),
        "webhook_secret": SECRET,
    }
    return Simulator(Config(webhook_url=url, **{**hasty, **settings}))  # type: ignore[arg-type]


def test_an_event_is_signed_in_the_standard_form(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(1))
    call = eventually(lambda: receiver.calls)[0]
    assert call.path == "/hook/?from=here"
    assert call.headers["content-type"] == "application/json"
    assert Webhook(SECRET).verify(call.body, call.headers) == call.event
    at = datetime.fromisoformat(call.event["timestamp"])
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_without_a_secret_it_is_not_signed(receiver: Receiver) -> None:
    with speaking_to(receiver.url, webhook_secret="").running() as sim:
        start_sms(sim, number(1))
        call = eventually(lambda: receiver.calls)[0]
    assert call.headers["webhook-id"]
    assert "webhook-signature" not in call.headers


def test_a_text_is_sent_and_then_delivered_with_our_metadata(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(1), metadata={"rc_send": "7"}).value["thread_id"]
    events = pair(receiver, "sms.status")
    base = {"thread_id": thread, "to": number(1), "metadata": {"rc_send": "7"}}
    assert sorted(events, key=lambda data: data["status"]) == [
        base | {"status": "delivered"},
        base | {"status": "sent"},
    ]


def test_without_metadata_none_is_echoed(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(1))
    assert "metadata" not in eventually(lambda: receiver.of("sms.status"))[0]


def test_delivery_takes_its_time(receiver: Receiver) -> None:
    with speaking_to(receiver.url, delivery_delay=0.4).running() as sim:
        start_sms(sim, number(1))
        sent = eventually(lambda: receiver.of("sms.status"))
        assert [data["status"] for data in sent] == ["sent"]
        eventually(lambda: len(receiver.of("sms.status")) == 2)


@pytest.mark.parametrize("answer", [500, 400, 302, 0])
def test_what_is_not_taken_comes_again_under_the_same_id(answer: int) -> None:
    with receiving(answer, answer, answer, answer) as receiver, speaking_to(receiver.url).running() as sim:
        start_sms(sim, number(1))
        eventually(lambda: len(receiver.calls) >= 6)
    ids = [call.headers["webhook-id"] for call in receiver.calls]
    assert len(set(ids)) == 2
    for call in receiver.calls:
        Webhook(SECRET).verify(call.body, call.headers)


def test_it_waits_for_a_receiver_that_is_not_there_yet() -> None:
    with receiving() as gone:
        url = gone.url
    with speaking_to(url).running() as sim:
        start_sms(sim, number(1))
        with receiving(port=port_of(url)) as receiver:
            eventually(lambda: len(receiver.of("sms.status")) == 2)


def test_it_gives_up_in_the_end() -> None:
    with receiving(*[500] * 50) as receiver, speaking_to(receiver.url, webhook_attempts=3).running() as sim:
        start_sms(sim, number(1))
        eventually(lambda: len(receiver.calls) == 6)
        start_sms(sim, number(2))
        eventually(lambda: len(receiver.calls) == 12)
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 4


def test_it_keeps_its_connections_and_has_few(told: Simulator, receiver: Receiver) -> None:
    for last in range(20):
        start_sms(told, number(last))
    eventually(lambda: len(receiver.calls) == 40)
    assert len({call.client_port for call in receiver.calls}) <= 4


def test_every_event_has_an_id_of_its_own(told: Simulator, receiver: Receiver) -> None:
    for last in range(10):
        start_sms(told, number(last))
    eventually(lambda: len(receiver.calls) == 20)
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 20


def test_switching_the_agent_is_an_event(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(1)).value["thread_id"]
    on_phone(told, number(1), "agent", {"on": False})
    assert eventually(lambda: receiver.of("sms.agent")) == [{"thread_id": thread, "agent_enabled": False}]


def test_it_stops_at_once_with_events_left_over() -> None:
    with (
        receiving(*[500] * 1000) as receiver,
        speaking_to(receiver.url, retry_delays=(30.0,)).running() as sim,
    ):
        start_sms(sim, number(1))
        eventually(lambda: len(receiver.calls) == 2)


def test_it_always_stops_while_events_are_underway(receiver: Receiver) -> None:
    """However a cancellation and an answer meet."""
    for turn in range(150):
        with speaking_to(receiver.url).running() as sim:
            start_sms(sim, number(1))
            time.sleep(turn % 10 * 0.0004)  # stops at another point of the exchange each time
