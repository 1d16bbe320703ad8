"""The ledger counts every request that named a number, whatever became of it."""

import json

import pytest

from simulator.config import Config
from simulator.server import Simulator
from tests.simulator.wire import ask, number, start_sms


def test_it_counts_what_was_taken_and_what_was_not(sim: Simulator) -> None:
    for to in (number(1), number(1), number(2), number(92)):
        start_sms(sim, to)
    start_sms(sim, number(2), no_agent=True)
    with pytest.raises(ConnectionResetError):
        start_sms(sim, number(93))
    ask(sim, "POST", "/v1/startsms/", json.dumps({"to": number(3)}).encode())  # no key
    ask(sim, "POST", "/v1/startsms/", b"nonsense")

    ledger = ask(sim, "GET", "/_ledger").value

    assert ledger == sim.ledger()
    assert ledger["numbers"] == {
        number(1): {"requests": 2, "accepted": 2},
        number(2): {"requests": 2, "accepted": 1},
        number(92): {"requests": 1, "accepted": 0},
        number(93): {"requests": 1, "accepted": 0},
        number(3): {"requests": 1, "accepted": 0},
    }
    assert ledger["totals"] == {"requests": 8, "accepted": 3}


def test_it_lists_the_requests_in_order_with_their_bodies(sim: Simulator) -> None:
    start_sms(sim, number(1), override="One", metadata={"k": "v"})
    start_sms(sim, number(2), no_agent=True)
    ask(sim, "POST", "/v1/startsms/", b"\xffnonsense")

    first, second, third = ask(sim, "GET", "/_ledger/requests").value

    assert (first["to"], first["status"]) == (number(1), 200)
    assert (first["body"]["override"], first["body"]["metadata"]) == ("One", {"k": "v"})
    assert (second["to"], second["status"], second["body"]["no_agent"]) == (number(2), 400, True)
    assert (third["to"], third["status"], third["body"]) == ("", 401, "\ufffdnonsense")


def test_it_is_empty_at_first(sim: Simulator) -> None:
    assert sim.ledger() == {"numbers": {}, "totals": {"requests": 0, "accepted": 0}}
    assert sim.requests() == []


def test_the_same_seed_gives_the_same_threads_in_any_order() -> None:
    def threads(seed: int, *order: int) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        with Simulator(Config(port=0, seed=seed)).running() as sim:
            for last in order:
                found.setdefault(last, []).append(start_sms(sim, number(last)).value["thread_id"])
        return found

    once = threads(7, 1, 2, 1)
    assert once == threads(7, 1, 1, 2)
    assert len({*once[1], *once[2]}) == 3
    assert not {*once[1], *once[2]} & {*threads(8, 1)[1]}
