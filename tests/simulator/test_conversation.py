"""A customer answers on the phone, and the agent answers the customer."""

from typing import Any

import pytest

from simulator.config import Config
from simulator.server import Simulator
from tests.simulator.wire import Receiver, bodies, eventually, number, on_phone, pair, phone, start_sms

APPOINTMENT: dict[str, Any] = {
    "override": None,
    "trigger": "appointment_reminder",
    "metadata": {
        "customer_name": "Jane",
        "appointment_time": "2026-12-02T15:00:00Z",
        "rc_send": "0190b5f277aa7c1e",
    },
}


def reply(sim: Simulator, body: str, to: str = number(1)) -> None:
    """The customer texts."""
    assert on_phone(sim, to, "reply", {"body": body}).status == 200


def test_the_agent_answers_what_the_customer_asks(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(1), **(APPOINTMENT | {"override": "See you soon!"})).value["thread_id"]
    reply(told, "When is it?")
    eventually(lambda: len(bodies(told, number(1))) == 3)
    assert bodies(told, number(1)) == [
        ("business", "See you soon!"),
        ("contact", "When is it?"),
        ("agent", "Your appointment is on Wednesday, December 2 at 15:00."),
    ]
    messages = pair(receiver, "sms.message")
    asked, answered = sorted(messages, key=lambda one: one["author"], reverse=True)
    assert (asked["author"], asked["from"], asked["body"]) == ("contact", number(1), "When is it?")
    assert (answered["author"], answered["to"], answered["from"]) == ("agent", number(1), asked["to"])
    assert {asked["thread_id"], answered["thread_id"]} == {thread}
    assert asked["message_id"] != answered["message_id"]


def test_without_an_override_the_agent_writes_the_first_text(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(1), **APPOINTMENT)
    first = eventually(lambda: receiver.of("sms.message"))[0]
    assert first["author"] == "agent"
    assert first["body"].startswith(
        "Hi Jane, this is a reminder of your appointment on Wednesday, December 2 at 15:00."
    )
    assert bodies(told, number(1)) == [("agent", first["body"])]


def test_our_own_words_do_not_come_back_as_a_message(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(1), override="Ours")
    eventually(lambda: len(receiver.of("sms.status")) == 2)
    assert receiver.of("sms.message") == []


def test_stop_silences_the_agent_and_blocks_the_number(told: Simulator, receiver: Receiver) -> None:
    start_sms(told, number(1))
    reply(told, " Stop. ")
    reply(told, "Is anybody a human there?")
    refused = start_sms(told, number(1))
    assert (refused.status, refused.value["error"]) == (400, "The recipient has opted out.")
    assert start_sms(told, number(2)).status == 200
    eventually(lambda: len(receiver.of("sms.message")) == 2)
    assert [author for author, _ in bodies(told, number(1))] == ["business", "contact", "contact"]
    assert receiver.of("sms.handoff") == []
    assert phone(told, number(1))["blocked"] is True


def test_start_undoes_it(sim: Simulator) -> None:
    start_sms(sim, number(1))
    reply(sim, "STOP")
    reply(sim, "start")
    assert start_sms(sim, number(1)).status == 200
    assert phone(sim, number(1))["blocked"] is False


def test_who_asks_for_a_human_is_handed_over(told: Simulator, receiver: Receiver) -> None:
    thread = start_sms(told, number(1)).value["thread_id"]
    reply(told, "I want to talk to a real person")
    handoff = eventually(lambda: receiver.of("sms.handoff"))
    assert handoff == [{"thread_id": thread, "reason": "The customer asked for a human."}]
    assert [author for author, _ in bodies(told, number(1))] == ["business", "contact"]


@pytest.mark.parametrize("words", ["What time?", "A human please"])
def test_an_agent_that_is_off_neither_answers_nor_hands_over(told: Simulator, receiver: Receiver, words: str) -> None:
    start_sms(told, number(1), no_agent="true")
    reply(told, words)
    start_sms(told, number(2))
    reply(told, words, number(2))  # an agent that is on; once it has spoken, the other would have
    eventually(lambda: receiver.of("sms.handoff") or len(bodies(told, number(2))) == 3)
    assert [author for author, _ in bodies(told, number(1))] == ["business", "contact"]
    assert len(receiver.of("sms.handoff")) <= 1


def test_switching_the_agent_takes_effect_at_once(sim: Simulator) -> None:
    start_sms(sim, number(1))
    assert phone(sim, number(1))["agent_on"] is True
    on_phone(sim, number(1), "agent", {"on": False})
    reply(sim, "Hello?")
    assert phone(sim, number(1))["agent_on"] is False
    on_phone(sim, number(1), "agent", {"on": True})
    reply(sim, "Hello again?")
    eventually(lambda: len(bodies(sim, number(1))) >= 4)
    assert [author for author, _ in bodies(sim, number(1))] == ["business", "contact", "contact", "agent"]


def test_a_new_call_begins_a_new_thread_on_the_same_phone(told: Simulator, receiver: Receiver) -> None:
    first = start_sms(told, number(1)).value["thread_id"]
    second = start_sms(told, number(1), override="Staff here", no_agent="true").value["thread_id"]
    reply(told, "Thanks")
    assert first != second
    assert eventually(lambda: receiver.of("sms.message"))[0]["thread_id"] == second
    assert len(bodies(told, number(1))) == 3


def test_the_same_seed_and_words_make_the_same_conversation(sim: Simulator) -> None:
    start_sms(sim, number(1), **APPOINTMENT)
    start_sms(sim, number(2), **APPOINTMENT)
    for to in (number(1), number(2)):
        for words in ("Yes", "Can I change it?", "Where is it?"):
            before = len(bodies(sim, to))
            reply(sim, words, to)
            eventually(lambda to=to, before=before: len(bodies(sim, to)) == before + 2)  # type: ignore[misc]
    assert bodies(sim, number(1)) == bodies(sim, number(2))


def test_a_stop_while_the_agent_thinks_keeps_it_silent() -> None:
    with Simulator(Config(port=0, delivery_delay=0.2)).running() as sim:
        start_sms(sim, number(1))
        reply(sim, "When?")
        reply(sim, "STOP")
        start_sms(sim, number(2))
        eventually(lambda: phone(sim, number(2))["texts"][0]["delivery"] == "delivered")
        assert [author for author, _ in bodies(sim, number(1))] == ["business", "contact", "contact"]
