"""A test or a reply is owed once, whatever is pressed twice, and never to a number that has opted out."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.models import Agent, Mode, Send
from campaigns.sending import intents, queue
from campaigns.sending.owing import CannotOwe, owe
from contacts.models import Suppression
from contacts.suppressing import lift, suppress
from tests.makers import make_agent, make_contacts, number


def owe_test(agent: Agent, **more: Any) -> Send:
    return owe(kind=Send.Kind.TEST, agent=agent, **{"to": number(0), "text": "Hello"} | more)


@pytest.mark.django_db
def test_a_test_to_a_typed_number_has_no_contact_and_leaves_at_once() -> None:
    agent = make_agent()
    send = owe_test(agent, metadata={"name": "Ann"}, no_agent=True)
    assert (send.kind, send.mode, send.contact, send.campaign) == ("test", "simulator", None, None)
    claims = queue.claim(agent.account, Mode.SIMULATOR, 5, 60.0)
    going, _ = intents.commit_intents(agent.account, Mode.SIMULATOR, claims, 60.0)
    assert [(one.id, one.text, one.metadata, one.no_agent) for one in going.posting] == [
        (send.pk, "Hello", {"name": "Ann"}, True)
    ]


@pytest.mark.django_db
def test_a_reply_belongs_to_its_contact_and_wakes_a_worker() -> None:
    contact = make_contacts(1)[0]
    send = owe(kind=Send.Kind.REPLY, agent=make_agent(), to=contact.phone, contact=contact, text="On my way")
    assert (send.kind, send.contact) == ("reply", contact)
    assert ProcrastinateJob.objects.filter(task_name="campaigns.wake", status="todo").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "sentence"),
    [({"text": " \n"}, "nothing to say"), ({"to": "12025550100"}, "country code")],
)
def test_what_cannot_be_owed(more: dict[str, str], sentence: str) -> None:
    with pytest.raises(CannotOwe, match=sentence):
        owe_test(make_agent(), **more)
    assert not Send.objects.exists()


@pytest.mark.django_db
def test_a_trigger_alone_is_something_to_say() -> None:
    assert owe_test(make_agent(), text="", trigger="appointment_reminder").trigger == "appointment_reminder"


@pytest.mark.django_db
def test_a_number_that_opted_out_is_owed_nothing_until_that_is_lifted() -> None:
    agent = make_agent()
    suppress([number(0)], source=Suppression.Source.STAFF)
    with pytest.raises(CannotOwe, match="has opted out"):
        owe_test(agent)
    assert not Send.objects.exists()
    lift(Suppression.objects.get(), by=None, reason="They signed a form.")
    assert owe_test(agent).state == "queued"


@pytest.mark.django_db
def test_a_form_that_is_sent_twice_gets_its_first_row() -> None:
    agent, token = make_agent(), uuid4()
    first = owe_test(agent, form_token=token)
    suppress([number(0)], source=Suppression.Source.STAFF)  # the answer stays the same
    assert owe_test(agent, form_token=token) == first
    assert Send.objects.get().state == "suppressed"


@pytest.mark.django_db
def test_a_form_that_is_sent_twice_with_another_text_is_told_so() -> None:
    agent, token = make_agent(), uuid4()
    owe_test(agent, form_token=token)
    with pytest.raises(CannotOwe, match="already sent another text"):
        owe_test(agent, form_token=token, text="Hello again")
    assert Send.objects.get().text == "Hello"


@pytest.mark.django_db
def test_without_a_token_every_call_is_a_text() -> None:
    agent = make_agent()
    assert owe_test(agent) != owe_test(agent)


def in_sessions(amount: int, agent: Agent, token: UUID) -> tuple[list[threading.Thread], list[int]]:
    """That many double clicks, each on a connection of its own."""
    made: list[int] = []

    def press() -> None:
        try:
            made.append(owe_test(agent, form_token=token).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(amount)]
    for thread in threads:
        thread.start()
    return threads, made


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_row() -> None:
    agent, token = make_agent(), uuid4()
    with transaction.atomic():
        first = owe_test(agent, form_token=token)
        threads, made = in_sessions(1, agent, token)
        threads[0].join(0.3)
        assert threads[0].is_alive()  # it cannot see our row yet, and waits for us
    threads[0].join()
    assert made == [first.pk]
    assert Send.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_presses_at_once_make_one_row() -> None:
    threads, made = in_sessions(8, make_agent(), uuid4())
    for thread in threads:
        thread.join()
    assert made == [Send.objects.get().pk] * 8


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_in_mid_press_waits_and_then_ends_the_row() -> None:
    agent = make_agent()

    def opt_out() -> None:
        suppress([number(0)], source=Suppression.Source.STAFF)
        connection.close()

    thread = threading.Thread(target=opt_out)
    with transaction.atomic():
        owe_test(agent)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert Send.objects.get().state == "suppressed"
