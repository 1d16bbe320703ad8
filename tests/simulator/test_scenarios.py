"""Trouble on the way of events, and an agent that talks on, each switched on while the simulator runs."""

import json
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook, WebhookVerificationError

from simulator.config import Config
from simulator.scenarios import Scenario
from simulator.server import Simulator
from tests.simulator.conftest import SECRET
from tests.simulator.wire import (
    Receiver,
    Reply,
    ask,
    bodies,
    eventually,
    number,
    on_phone,
    phone,
    receiving,
    start_sms,
)


def tell(sim: Simulator, name: str, value: Any, **headers: str) -> Reply:
    """What the page's switches do."""
    body = json.dumps(value).encode()
    return ask(sim, "POST", f"/_scenarios/{name}", body, {"Content-Type": "application/json"} | headers)


def switch(sim: Simulator, name: str, on: bool = True) -> None:
    assert tell(sim, name, {"on": on}).status == 200


def ids(receiver: Receiver) -> list[str]:
    return [call.headers["webhook-id"] for call in list(receiver.calls)]


def test_duplicates_come_three_times_under_one_id(told: Simulator, receiver: Receiver) -> None:
    switch(told, "duplicates")
    start_sms(told, number(1))
    eventually(lambda: len(receiver.calls) == 6)
    assert sorted(Counter(ids(receiver)).values()) == [3, 3]


def test_disorder_turns_the_order_round(receiver: Receiver) -> None:
    config = Config(
        port=0,
        delivery_delay=0,
        webhook_url=receiver.url,
        webhook_secret=SECRET,
        scenarios=frozenset({Scenario.DISORDER}),
        event_delay=0.3,
    )
    with Simulator(config).running() as sim:
        for last in range(20):
            start_sms(sim, number(last))
        eventually(lambda: len(receiver.calls) == 40)
    told = [(data["to"], data["status"]) for data in receiver.of("sms.status")]
    turned = [
        number(last)
        for last in range(20)
        if told.index((number(last), "delivered")) < told.index((number(last), "sent"))
    ]
    assert turned
    assert Counter(status for _, status in told) == {"sent": 20, "delivered": 20}


def test_delayed_events_come_all_the_same(receiver: Receiver) -> None:
    config = Config(port=0, delivery_delay=0, webhook_url=receiver.url, event_delay=0.5)
    with Simulator(config).running() as sim:
        switch(sim, "delay")
        start_sms(sim, number(1))
        switch(sim, "delay", on=False)
        start_sms(sim, number(2))
        eventually(lambda: len(receiver.of("sms.status", number(2))) == 2)
        assert not receiver.of("sms.status", number(1))
        eventually(lambda: len(receiver.of("sms.status", number(1))) == 2)


def test_a_forged_event_has_a_wrong_signature_and_is_tried_once() -> None:
    with receiving(401, 401, 401, 401) as receiver:
        config = Config(port=0, delivery_delay=0, retry_delays=(0.01,), webhook_url=receiver.url, webhook_secret=SECRET)
        with Simulator(config).running() as sim:
            switch(sim, "forged")
            start_sms(sim, number(1))
            eventually(lambda: len(set(ids(receiver))) == 4 and len(receiver.calls) >= 6)
            eventually(lambda: ask(sim, "GET", "/_scenarios").value["events"]["taken"] == 2)
            events = ask(sim, "GET", "/_scenarios").value["events"]
    forged = [call for call in receiver.calls if call.headers["webhook-id"].endswith("_forged")]
    assert len(forged) == 2
    for call in forged:
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(call.body, call.headers)
    assert events["forged_refused"] + events["forged_taken"] == 2


def test_lost_events_never_come(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(1))
    switch(told, "loss")
    on_phone(told, number(1), "reply", {"body": "STOP"})
    switch(told, "loss", on=False)
    start_sms(told, number(2))
    eventually(lambda: len(receiver.of("sms.status", number(2))) == 2)
    assert receiver.of("sms.message") == []
    assert start_sms(told, number(1)).status == 400


def test_an_agent_talks_on_after_a_take_over_until_it_is_switched_off(told: Simulator, receiver: Receiver) -> None:
    switch(told, "talkative")
    first = start_sms(told, number(1)).value["thread_id"]
    second = start_sms(told, number(1), override="Dana here", no_agent="true").value["thread_id"]
    on_phone(told, number(1), "reply", {"body": "Thanks Dana, when?"})
    eventually(lambda: len(bodies(told, number(1))) == 4)
    assert [author for author, _ in bodies(told, number(1))] == ["business", "business", "contact", "agent"]
    said = {data["author"]: data["thread_id"] for data in eventually(lambda: receiver.of("sms.message")[1:])}
    said |= {data["author"]: data["thread_id"] for data in receiver.of("sms.message")}
    assert said == {"contact": second, "agent": first}
    assert phone(told, number(1))["agent_on"] is True

    on_phone(told, number(1), "agent", {"on": False})
    assert eventually(lambda: receiver.of("sms.agent")) == [{"thread_id": first, "agent_enabled": False}]
    on_phone(told, number(1), "reply", {"body": "Are you there?"})
    start_sms(told, number(2))
    on_phone(told, number(2), "reply", {"body": "Hello?"})  # once this agent has spoken, the other would have
    eventually(lambda: len(bodies(told, number(2))) == 3)
    assert len(bodies(told, number(1))) == 5


def test_without_it_a_text_without_the_agent_silences_the_agent(sim: Simulator) -> None:
    start_sms(sim, number(1))
    start_sms(sim, number(1), override="Dana here", no_agent="true")
    assert phone(sim, number(1))["agent_on"] is False


def test_staff_may_write_in_revmos_own_interface(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(1)).value["thread_id"]
    on_phone(told, number(1), "staff", {"body": "This is Kim at the desk"})
    (said,) = eventually(lambda: receiver.of("sms.message"))
    assert (said["author"], said["thread_id"], said["to"]) == ("human", thread, number(1))
    assert bodies(told, number(1))[-1] == ("human", "This is Kim at the desk")


def test_a_flood_comes_as_receipts_and_texts_of_the_phones_there_are(told: Simulator, receiver: Receiver) -> None:
    for last in range(3):
        start_sms(told, number(last))
    eventually(lambda: len(receiver.calls) == 6)
    assert tell(told, "flood", {"events": 90}).status == 200
    eventually(lambda: len(receiver.calls) == 96)
    assert len(set(ids(receiver))) == 96
    assert len(receiver.of("sms.message")) == 30
    assert len({call.client_port for call in receiver.calls}) > 4


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("dance", {"on": True}, 404),
        ("loss", {"on": "true"}, 400),
        ("loss", [], 400),
        ("flood", {"events": 0}, 400),
        ("flood", {"events": True}, 400),
        ("flood", {"events": 10**9}, 400),
        ("flood", {"events": 5}, 409),
    ],
)
def test_nonsense_changes_nothing(sim: Simulator, name: str, value: Any, status: int) -> None:
    assert tell(sim, name, value).status == status
    assert not [one for one in ask(sim, "GET", "/_scenarios").value["scenarios"] if one["on"]]


def test_the_page_of_another_site_cannot_switch_them(sim: Simulator) -> None:
    assert ask(sim, "POST", "/_scenarios/loss", b'{"on": true}', {"Content-Type": "text/plain"}).status == 415
    assert tell(sim, "loss", {"on": True}, Host=f"evil.example:{sim.port}").status == 403


def test_it_can_begin_with_some_switched_on() -> None:
    config = Config(port=0, scenarios=frozenset({Scenario.DELAY, Scenario.LOSS}))
    with Simulator(config).running() as sim:
        on = [one["name"] for one in ask(sim, "GET", "/_scenarios").value["scenarios"] if one["on"]]
    assert on == ["delay", "loss"]


def test_in_a_browser_trouble_is_a_switch_away(told: Simulator, receiver: Receiver, page: Page) -> None:
    start_sms(told, number(1))
    page.goto(told.url)
    page.get_by_text("What can go wrong with events").click()
    page.get_by_label("Duplicates").check()
    page.get_by_role("button", name="Wrong number").click()
    expect(page.locator("#texts")).to_contain_text("Wrong number")
    expect(page.get_by_text("(1 on)")).to_be_visible()
    eventually(lambda: len(receiver.of("sms.message")) >= 3)
    page.get_by_label("Who writes").select_option("Staff at Revmo")
    page.get_by_placeholder("Write as staff at Revmo").fill("Kim here")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#texts")).to_contain_text("Kim here")
