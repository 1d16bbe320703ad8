"""An answer that did not arrive comes back before a person, once, with the reason in words."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from campaigns.models import Send
from contacts.models import Suppression
from contacts.suppressing import suppress
from conversations import applying, keeping, unanswered
from conversations.models import Conversation, Reply
from tests.conversations.calls import apply, keep, sent_text, status_call, text_call
from tests.conversations.staff import FRONT_DESK, browser_of, colleague
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db


def answered(*, hands_back: bool = False, **fields: Any) -> Reply:
    """Dana's answer to Jane's question, with its text in this state."""
    dana = User.objects.filter(username="dana").first() or colleague("Dana", *FRONT_DESK)
    contact = make_contacts(1, first_name="Jane", last_name="Doe")[0]
    asked = sent_text(contact=contact)
    apply(text_call(asked, "When do you open?"))
    conversation = Conversation.objects.get()
    send = sent_text(contact=contact, agent=asked.agent, text="At eight.", no_agent=not hands_back, **fields)
    keeping.done(Conversation.objects.all(), by=dana)
    return Reply.objects.create(send=send, conversation=conversation, by=dana, at=timezone.now(), hands_back=hands_back)


def reason() -> str:
    return Conversation.objects.get().handoff_reason


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"state": "failed", "reason": "Revmo refused the number."},
            "The answer of Dana did not arrive. Not sent: Revmo refused the number.",
        ),
        (
            {"state": "unknown", "reason": "No answer came."},
            "The answer of Dana may not have arrived. Unknown: it may or may not have been sent.",
        ),
        (
            {"state": "expired", "reason": "Its hours were over."},
            "The answer of Dana did not arrive. Not sent: Its hours were over.",
        ),
        (
            {"delivery": "undelivered", "delivery_error": "Unreachable (code 30003)"},
            "The answer of Dana did not arrive. Not delivered: Unreachable (code 30003).",
        ),
    ],
)
def test_it_comes_back_with_the_reason(fields: dict[str, Any], words: str) -> None:
    answered(**fields)
    assert unanswered.look_for_ends() == 1
    assert reason() == words
    assert Conversation.objects.need_a_human().exists()
    page = browser_of(User.objects.get()).get("/conversations/conversation/?show=human").content.decode()
    assert "Jane Doe" in page
    assert words[:40] in page


@pytest.mark.parametrize(
    "fields",
    [
        {"delivery": "delivered"},
        {"state": "canceled", "reason": "Dana canceled it."},
        {"state": "accepted"},
        {"state": "posting", "thread_id": ""},
    ],
)
def test_what_arrived_or_is_under_way_does_not(fields: dict[str, Any]) -> None:
    answered(**fields)
    assert unanswered.look_for_ends() == 0
    assert reason() == ""


def test_it_is_said_once_and_not_again_after_somebody_dealt_with_it() -> None:
    reply = answered(state="failed")
    assert [unanswered.look_for_ends() for _ in range(2)] == [1, 0]
    keeping.done(Conversation.objects.all(), by=reply.by)  # type: ignore[arg-type]
    assert unanswered.look_for_ends() == 0
    assert not Conversation.objects.get().is_open


def test_a_receipt_that_comes_later_is_waited_for() -> None:
    reply = answered()
    assert unanswered.look_for_ends() == 0
    apply(status_call(reply.send, "undelivered", error_message="Phone is off"))
    assert unanswered.look_for_ends() == 1
    assert "Phone is off" in reason()


def test_no_receipt_is_waited_for_for_ever() -> None:
    reply = answered()
    Reply.objects.update(at=timezone.now() - unanswered.PATIENCE - timedelta(minutes=1))
    assert unanswered.look_for_ends() == 0
    reply.refresh_from_db()
    assert reply.end_seen
    assert reason() == ""


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("failed", "It was to hand back to the agent; that did not happen."),
        ("unknown", "It was to hand back to the agent; whether that happened is not known."),
    ],
)
def test_a_hand_back_that_did_not_happen_is_told_as_such(state: str, words: str) -> None:
    reply = answered(state=state, hands_back=True)
    unanswered.look_for_ends()
    assert reason().endswith(words)
    page = browser_of(reply.by).get(f"/conversations/conversation/{reply.conversation_id}/change/")  # type: ignore[arg-type]
    assert f'<p class="bubble-remark">{words}</p>' in page.content.decode()


def test_an_opt_out_between_the_answer_and_its_sending_is_told() -> None:
    reply = answered(state="queued", posted_at=None, finished_at=None, thread_id="")
    keep(text_call(Send.objects.exclude(pk=reply.send_id).get(), "STOP"))
    applying.apply_waiting(10)
    assert Suppression.objects.standing().exists()
    assert unanswered.look_for_ends() == 1
    assert reason().startswith("The answer of Dana did not arrive. Not sent: ")


def test_who_was_opted_out_by_staff_meanwhile_comes_back_too() -> None:
    reply = answered(state="queued", posted_at=None, finished_at=None, thread_id="")
    suppress([reply.send.to], source=Suppression.Source.STAFF)
    assert unanswered.look_for_ends() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_it_once() -> None:
    answered(state="failed")
    start, told = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        told.append(unanswered.look_for_ends())
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(told) == [0, 1]
    assert reason().count("did not arrive") == 1
