"""The documented table: one test a line, and everything else is delivered."""

import http.client
import time

import pytest

from simulator import outcomes
from simulator.outcomes import TABLE, special_for
from simulator.server import Simulator
from tests.simulator.wire import Receiver, ask, eventually, number, on_phone, start_sms


def statuses(receiver: Receiver, to: str) -> set[str]:
    """What the carrier said of the texts to a number."""
    return {data["status"] for data in receiver.of("sms.status", to)}


def test_90_is_accepted_and_then_not_delivered(told: Simulator, receiver: Receiver) -> None:
    assert start_sms(told, number(90), metadata={"ours": "1"}).status == 200
    eventually(lambda: statuses(receiver, number(90)) == {"sent", "undelivered"})
    lost = next(data for data in receiver.of("sms.status") if data["status"] == "undelivered")
    assert lost["metadata"] == {"ours": "1"}
    assert lost["error_code"]
    assert lost["error_message"]


def test_91_answers_late_and_is_accepted(sim: Simulator) -> None:
    begin = time.monotonic()
    assert start_sms(sim, number(91)).status == 200
    assert time.monotonic() - begin >= 0.3


def test_92_is_an_error_and_was_not_sent(sim: Simulator) -> None:
    reply = start_sms(sim, number(92))
    assert (reply.status, reply.value["result"]) == (500, "Error")
    assert sim.ledger()["numbers"][number(92)] == {"requests": 1, "accepted": 0}


def test_93_breaks_off(sim: Simulator) -> None:
    with pytest.raises(ConnectionResetError) as broken:
        start_sms(sim, number(93))
    assert not isinstance(broken.value, http.client.RemoteDisconnected)  # a reset, not an orderly end
    assert sim.ledger()["numbers"][number(93)] == {"requests": 1, "accepted": 0}


def test_94_never_answers(sim: Simulator) -> None:
    with pytest.raises(TimeoutError):
        start_sms(sim, number(94), seconds=0.3)
    assert sim.ledger()["numbers"][number(94)] == {"requests": 1, "accepted": 0}


def test_95_answers_by_itself(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(95)).value["thread_id"]
    said = eventually(lambda: [one for one in receiver.of("sms.message") if one["author"] == "contact"])
    assert (said[0]["thread_id"], said[0]["from"]) == (thread, number(95))
    assert "Yes" in said[0]["body"]
    eventually(lambda: "delivered" in statuses(receiver, number(95)))


def test_96_answers_stop_and_takes_no_further_text(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(96))
    said = eventually(lambda: receiver.of("sms.message"))
    assert (said[0]["author"], said[0]["body"]) == ("contact", "STOP")
    assert start_sms(told, number(96)).status == 400


def test_97_asks_for_a_human(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(97)).value["thread_id"]
    handoff = eventually(lambda: receiver.of("sms.handoff"))
    assert handoff[0]["thread_id"] == thread
    assert handoff[0]["reason"]


def test_98_is_busy_once(sim: Simulator) -> None:
    busy = start_sms(sim, number(98))
    assert (busy.status, busy.headers["retry-after"]) == (429, "1")
    assert start_sms(sim, number(98)).status == 200
    assert start_sms(sim, number(98)).status == 200
    assert sim.ledger()["numbers"][number(98)] == {"requests": 3, "accepted": 2}


def test_99_is_refused(sim: Simulator) -> None:
    reply = start_sms(sim, number(99))
    assert (reply.status, reply.value["error"]) == (400, "The number cannot receive texts.")


@pytest.mark.parametrize("to", [number(0), number(89), "+12025560190", "+12025551190", "+442079460192", "+8112345694"])
def test_all_others_are_delivered(told: Simulator, receiver: Receiver, to: str) -> None:
    assert start_sms(told, to).status == 200
    eventually(lambda: statuses(receiver, to) == {"sent", "delivered"})
    assert "error_code" not in receiver.of("sms.status")[-1]


def test_only_the_last_ten_of_a_hundred_are_special() -> None:
    special = [last for last in range(100) if special_for(number(last))]
    assert special == list(range(90, 100))
    assert special_for("+17875550192") is TABLE["92"]


def test_the_table_is_documented_and_shown(sim: Simulator) -> None:
    shown = ask(sim, "GET", "/_handsets").value["special"]
    for one, line in zip(TABLE.values(), shown, strict=True):
        assert f"| {one.digits} | {one.name} | {one.meaning} |" in (outcomes.__doc__ or "")
        assert line == {"digits": one.digits, "meaning": one.meaning}


def test_a_reply_by_hand_works_on_a_special_number_too(sim: Simulator) -> None:
    start_sms(sim, number(90))
    assert on_phone(sim, number(90), "reply", {"body": "Who is this?"}).status == 200
