"""A body that a strict API would not take is not taken, and the answer says why."""

import json
from typing import Any

import pytest

from simulator.server import Simulator
from tests.simulator.wire import AGENT_ID, ask, number, start_sms

JSON = {"Authorization": "Bearer simulator", "Content-Type": "application/json"}
GOOD = json.dumps({"agentId": AGENT_ID, "to": number(1)}).encode()


def test_it_takes_the_documented_call_with_all_six_fields(sim: Simulator) -> None:
    reply = start_sms(
        sim,
        number(1),
        trigger="appointment_reminder",
        metadata={"customer_name": "Jane", "appointment_time": "2025-02-22T15:00:00Z"},
        override="Hello Jane",
        no_agent="true",
    )
    assert reply.status == 200
    assert reply.value["result"] == "Ok"
    assert set(reply.value) == {"result", "thread_id"}
    assert reply.value["thread_id"]


def test_it_takes_the_two_required_fields_alone(sim: Simulator) -> None:
    assert ask(sim, "POST", "/v1/startsms/", GOOD, JSON).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "simulator"}, {"Authorization": "Bearer clé"}],
)
def test_it_refuses_another_key(sim: Simulator, headers: dict[str, str]) -> None:
    reply = ask(sim, "POST", "/v1/startsms/", GOOD, {"Content-Type": "application/json"} | headers)
    assert (reply.status, reply.value) == (401, {"result": "Error", "error": "The API key is not valid."})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_it_takes_nothing_but_post(sim: Simulator, method: str) -> None:
    assert ask(sim, method, "/v1/startsms/", headers=JSON).status == 405


@pytest.mark.parametrize("path", ["/v1/startsms", "/v1/makecall/", "/v2/startsms/", "/_handsets/"])
def test_it_knows_no_other_address(sim: Simulator, path: str) -> None:
    reply = ask(sim, "POST", path, GOOD, JSON)
    assert (reply.status, reply.value["result"]) == (404, "Error")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_it_wants_json_by_name(sim: Simulator, kind: str) -> None:
    assert ask(sim, "POST", "/v1/startsms/", GOOD, JSON | {"Content-Type": kind}).status == 415


def test_it_takes_json_with_a_charset(sim: Simulator) -> None:
    headers = JSON | {"Content-Type": "Application/JSON; charset=utf-8"}
    assert ask(sim, "POST", "/v1/startsms/", GOOD, headers).status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe\xff", b"[" * 60_000, b'{"to": NaN}'])
def test_it_wants_a_json_object(sim: Simulator, body: bytes) -> None:
    reply = ask(sim, "POST", "/v1/startsms/", body, JSON)
    assert (reply.status, reply.value["result"]) == (400, "Error")


def test_it_takes_64_kib_and_refuses_more(sim: Simulator) -> None:
    full = GOOD + b" " * (64 * 1024 - len(GOOD))
    assert ask(sim, "POST", "/v1/startsms/", full, JSON).status == 200
    assert ask(sim, "POST", "/v1/startsms/", full + b" ", JSON).status == 413
    assert ask(sim, "POST", "/v1/startsms/", full * 30, JSON).status == 413


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"agentId": None}, "agentId is required"),
        ({"agentId": ""}, "agentId must be base64"),
        ({"agentId": "not base64!"}, "agentId must be base64"),
        ({"agentId": "YWdlbnQ"}, "agentId must be base64"),
        ({"agentId": 5}, "agentId must be a string"),
        ({"to": None}, "to is required"),
        ({"to": "2025550101"}, "to must be a number"),
        ({"to": "+1 202 555 0101"}, "to must be a number"),
        ({"to": "+1202555"}, "to must be a number"),
        ({"to": "+1202555010120255"}, "to must be a number"),
        ({"to": "+02025550101"}, "to must be a number"),
        ({"to": "+1202555010\u0661"}, "to must be a number"),
        ({"to": "+12025550101\n"}, "to must be a number"),
        ({"to": 12025550101}, "to must be a string"),
        ({"trigger": 1}, "trigger must be a string"),
        ({"metadata": []}, "metadata must be an object"),
        ({"metadata": "x"}, "metadata must be an object"),
        ({"override": ["Hello"]}, "override must be a string"),
        ({"override": "x" * 1601}, "override is longer"),
        ({"no_agent": True}, "no_agent must be a string"),
        ({"no_agent": "True"}, "no_agent must be"),
        ({"no_agent": ""}, "no_agent must be"),
        ({"from": "+12025550199"}, "Unknown field: from"),
        ({"agent_id": AGENT_ID}, "Unknown field: agent_id"),
    ],
)
def test_it_refuses_a_field_that_is_wrong_and_names_it(sim: Simulator, fields: dict[str, Any], named: str) -> None:
    reply = start_sms(sim, **({"to": number(1)} | fields))
    assert reply.status == 400
    assert reply.value["result"] == "Error"
    assert reply.value["error"].startswith(named)
    assert sim.ledger()["totals"] == {"requests": 1, "accepted": 0}


@pytest.mark.parametrize("fields", [{"override": "é" * 1600}, {"no_agent": "false"}, {"agentId": "-_-_"}])
def test_it_takes_what_is_just_right(sim: Simulator, fields: dict[str, Any]) -> None:
    assert start_sms(sim, number(1), **fields).status == 200


@pytest.mark.parametrize("to", ["+12345678", "+123456789012345"])
def test_it_takes_8_to_15_digits(sim: Simulator, to: str) -> None:
    assert start_sms(sim, to).status == 200
