"""What the agent says, word by word."""

from typing import Any

import pytest

from simulator import agent

TOLD = {
    "first_name": "Jane",
    "appointment_time": "2026-12-02T15:00:00Z",
    "order_number": "A-17",
    "parking_space": "behind the house",
    "rc_send": "0190b5f2-77aa-7c1e-9d00-3f5c2a1b9e11",
}


@pytest.mark.parametrize("words", ["STOP", "stop", " Stop! ", "unsubscribe", "STOP ALL", "End.", "opt-out"])
def test_a_stop_word_is_one(words: str) -> None:
    assert agent.is_stop(words)


@pytest.mark.parametrize("words", ["please stop by", "stopping", "don't stop", "", "the end"])
def test_a_sentence_is_no_stop_word(words: str) -> None:
    assert not agent.is_stop(words)


def test_start_words() -> None:
    assert agent.is_start("Start")
    assert agent.is_start("UNSTOP")
    assert not agent.is_start("when does it start")


@pytest.mark.parametrize(
    ("words", "human"),
    [("Can I talk to a human?", True), ("a PERSON please", True), ("humanity", False), ("personal", False)],
)
def test_who_wants_a_human(words: str, human: bool) -> None:
    assert agent.wants_human(words) is human


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Yes, that works", "Wonderful, you are confirmed for Wednesday, December 2 at 15:00."),
        ("ok", "Wonderful, you are confirmed for Wednesday, December 2 at 15:00."),
        ("Can we reschedule?", "No problem. Which day and time would suit you better?"),
        ("Sorry, I can’t", "No problem. Which day and time would suit you better?"),
        ("what time was it", "Your appointment is on Wednesday, December 2 at 15:00."),
        (
            "Is there parking?",
            "Thanks for asking about appointment reminder. I see parking space: behind the house. "
            "Is there anything else?",
        ),
    ],
)
def test_it_answers_from_the_trigger_and_the_metadata(words: str, answer: str) -> None:
    assert agent.answer(words, "appointment_reminder", TOLD) == answer


def test_it_keeps_references_of_the_caller_to_itself() -> None:
    said = agent.answer("Tell me all", "order_status", TOLD)
    assert "order number: A-17" in said
    assert "0190b5f2" not in said


@pytest.mark.parametrize(
    ("trigger", "metadata", "text"),
    [
        ("", {}, "Hello, this is about your message. How can I help?"),
        ("order_status", {"customer_name": "Li"}, "Hi Li, this is about order status. How can I help?"),
        (
            "order_status",
            {"order": "A-17"},
            "Hello, this is about order status. I see order: A-17. How can I help?",
        ),
        (
            "order_status",
            {"lines": [1, 2], "empty": ""},
            "Hello, this is about order status. How can I help?",
        ),
        (
            "appointment_reminder",
            {"appointment_time": "next Monday"},
            "Hello, this is a reminder of your appointment on next Monday. Does that still work for you?",
        ),
        (
            "appointment_reminder",
            {},
            "Hello, this is a reminder of your appointment. Does that still work for you?",
        ),
    ],
)
def test_it_opens_from_the_trigger_and_the_metadata(trigger: str, metadata: dict[str, Any], text: str) -> None:
    assert agent.opening(trigger, metadata) == text
