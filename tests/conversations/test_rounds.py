"""Many texts at once mean what they mean one by one, and a bad one among them costs the others nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Send
from contacts.models import Contact, Suppression
from conversations import applying
from conversations.models import Conversation, Entry, Message, WebhookEvent
from tests.conversations.calls import call, due_again, keep, sent_text, text_call
from tests.makers import make_agent, make_contacts, number

pytestmark = pytest.mark.django_db


def texts(sends: Sequence[Send], *bodies: str) -> list[WebhookEvent]:
    return [keep(text_call(send, body)) for send in sends for body in bodies]


def states() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True))


class TestRound:
    def test_a_round_costs_a_few_statements_however_many_texts_it_has(self, django_assert_max_num_queries: Any) -> None:
        agent = make_agent()
        sends = [sent_text(contact=contact, agent=agent) for contact in make_contacts(40)]
        texts(sends, "Yes", "Thank you")
        with django_assert_max_num_queries(20):
            applying.apply_waiting(200)
        assert states() == ["applied"] * 80
        assert (Message.objects.count(), Conversation.objects.filter(unread=True, said=2).count()) == (80, 40)
        assert not Send.objects.filter(replied_at=None).exists()

    def test_copies_in_one_round_are_told_once(self) -> None:
        send = sent_text()
        body = text_call(send, "Yes")
        for _ in range(3):
            keep(body)
        applying.apply_waiting(10)
        notes = list(WebhookEvent.objects.order_by("pk").values_list("note", flat=True))
        assert notes == ["", "This text was already here.", "This text was already here."]
        assert Conversation.objects.get().said == 1

    def test_each_stop_among_many_counts_and_its_text_is_told_too(self) -> None:
        agent = make_agent()
        sends = [sent_text(contact=contact, agent=agent) for contact in make_contacts(30)]
        for place, send in enumerate(sends):
            keep(text_call(send, "STOP" if place % 3 == 0 else "Yes"))
        applying.apply_waiting(100)
        stopped = set(Suppression.objects.standing().values_list("phone", flat=True))
        assert stopped == {send.to for send in sends[::3]}
        assert Message.objects.count() == 30

    def test_what_waits_for_our_own_commit_waits_alone(self) -> None:
        posting, other = make_contacts(2)
        underway = sent_text(contact=posting, state=Send.State.POSTING, thread_id="")
        early = keep(text_call(underway, "Who is this?", thread_id="th_not_yet"))
        texts([sent_text(contact=other)], "Yes")
        applying.apply_waiting(10)
        assert states() == ["unmatched", "applied"]
        Send.objects.filter(pk=underway.pk).update(
            state="accepted", thread_id="th_not_yet", lease_until=None, finished_at=timezone.now()
        )
        due_again(early)
        applying.apply_waiting(10)
        assert Message.objects.get(event=early).send == underway

    def test_echoes_and_strangers_stand_among_the_others(self) -> None:
        mine, theirs = (sent_text(contact=contact, text="See you at 3") for contact in make_contacts(2))
        keep(text_call(mine, "See you at 3", "agent"))
        keep(text_call(theirs, "See you at 3"))
        stranger = {"from": number(77), "to": "", "author": "contact", "message_id": "m", "thread_id": "th"}
        keep(call("sms.message", body="Hello", **stranger))
        nobodys = sent_text(contact=None, to=number(66))
        keep(text_call(nobodys, "Who?"))
        applying.apply_waiting(10)
        assert states() == ["applied", "applied", "unmatched", "unmatched"]
        assert WebhookEvent.objects.order_by("pk")[0].note == "Our own text, as Revmo sent it."
        assert Message.objects.get().send == theirs

    def test_a_switch_between_two_texts_counts_for_the_second(self) -> None:
        send = sent_text()
        now = timezone.now()
        common = {"thread_id": send.thread_id}
        keep(text_call(send, "Are you there?"))
        keep(call("sms.agent", now - timedelta(seconds=5), agent_enabled=False, **common))
        keep(text_call(send, "Hello?"))
        applying.apply_waiting(10)
        assert Conversation.objects.get().handoff_reason == "Replied while the agent is off, as Revmo told us."

    @pytest.mark.parametrize("late", [False, True])
    def test_a_reply_after_the_switch_waits_for_a_person_in_either_order(self, late: bool) -> None:
        send, now = sent_text(), timezone.now()
        switched = call("sms.agent", now - timedelta(seconds=30), thread_id=send.thread_id, agent_enabled=False)
        for body in [text_call(send, "Hello?"), switched] if late else [switched, text_call(send, "Hello?")]:
            keep(body)
            applying.apply_waiting(1)
        assert Conversation.objects.get().handoff_reason == "Replied while the agent is off, as Revmo told us."


@contextmanager
def poisonous(word: str) -> Iterator[None]:
    """No message that holds the word can be stored in the block."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.body LIKE TG_ARGV[0] THEN RAISE 'poison'; END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER poison BEFORE INSERT ON conversations_message"
            f" FOR EACH ROW EXECUTE FUNCTION poison('%{word}%')"
        )
        yield
        cursor.execute("DROP TRIGGER poison ON conversations_message; DROP FUNCTION poison")


class TestPoison:
    @pytest.mark.parametrize("places", [{0}, {24}, {7, 8}, {0, 5, 11, 24}])
    def test_bad_texts_are_found_among_the_good_ones(self, places: set[int]) -> None:
        agent = make_agent()
        sends = [sent_text(contact=contact, agent=agent) for contact in make_contacts(25)]
        for place, send in enumerate(sends):
            keep(text_call(send, "poison, STOP" if place in places else "Yes"))
        with poisonous("poison"):
            applying.apply_waiting(30)
        assert states() == ["waiting" if place in places else "applied" for place in range(25)]
        assert set(WebhookEvent.objects.filter(state="waiting").values_list("tries", flat=True)) == {1}
        # Each is told once, and what a bad one says about texting counts all the same.
        assert Message.objects.count() == 25 - len(places)
        assert Suppression.objects.standing().count() == len(places)
        WebhookEvent.objects.filter(state="waiting").update(due_at=timezone.now())
        applying.apply_waiting(30)
        assert states() == ["applied"] * 25
        assert Message.objects.count() == 25


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            [
                ("text", "contact", "Yes"),
                ("text", "contact", "Stop by at 5?"),
                ("text", "contact", "STOP"),
                ("text", "contact", "cancel my appointment"),
                ("text", "agent", "Hello"),
                ("text", "agent", "You are confirmed"),
                ("text", "human", "I can help"),
                ("handoff", "", "Wants a person"),
                ("on", "", ""),
                ("off", "", ""),
                ("sent", "", ""),
                ("delivered", "", ""),
            ]
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(EVENTS)
def test_in_one_round_they_do_what_they_do_one_by_one(chosen: list[tuple[int, tuple[str, str, str], bool]]) -> None:
    found, start = [], timezone.now() - timedelta(minutes=1)
    for at_once in (1, 100):
        with transaction.atomic():
            _store(chosen, start)
            while WebhookEvent.objects.filter(state="waiting").exists():
                applying.apply_waiting(at_once)
            found.append(_all_that_came_of_it())
            transaction.set_rollback(True)
    assert found[0] == found[1]


def _store(chosen: list[tuple[int, tuple[str, str, str], bool]], start: datetime) -> None:
    agent = make_agent()
    sends = [sent_text(contact=contact, agent=agent, thread_id=f"th_{n}") for n, contact in enumerate(make_contacts(3))]
    sends[2].no_agent = True
    sends[2].save()
    for n, (whose, (kind, author, words), twice) in enumerate(chosen):
        at = start + timedelta(seconds=n)
        body = _body(sends[whose], at, kind, author, words, n)
        for copy in range(1 + twice):
            event = keep(body, event_id=f"evt_{n}_{copy}")
            # In the order in which they came, whatever their kind; and at times that do not differ between two tries.
            WebhookEvent.objects.filter(pk=event.pk).update(received_at=at + timedelta(seconds=1), kind="text")


def _body(send: Send, at: Any, kind: str, author: str, words: str, n: int) -> bytes:
    if kind == "text":
        ends = {"from": send.to, "to": ""} if author == "contact" else {"from": "", "to": send.to}
        more = {"message_id": f"m{n}", "author": author, "body": words}
        return call("sms.message", at, thread_id=send.thread_id, **ends | more)
    if kind == "handoff":
        return call("sms.handoff", at, thread_id=send.thread_id, reason=words)
    if kind in ("on", "off"):
        return call("sms.agent", at, thread_id=send.thread_id, agent_enabled=kind == "on")
    return call("sms.status", at, thread_id=send.thread_id, to=send.to, status=kind)


def _all_that_came_of_it() -> list[object]:
    whose = F("conversation__contact__phone")
    talks = Conversation.objects.annotate(phone=F("contact__phone")).order_by("phone")
    facts = ("needs_human_since", "handoff_reason", "handed_over_at", "agent_enabled", "agent_thread_id", "unread")
    return [
        list(WebhookEvent.objects.order_by("event_id").values_list("event_id", "state", "note", "tries", "thread_id")),
        list(Message.objects.annotate(phone=whose).order_by("message_id").values_list("phone", "author", "body", "at")),
        list(
            Entry.objects.annotate(phone=whose).order_by("event__event_id").values_list("phone", "kind", "text", "at")
        ),
        list(talks.values_list("phone", *facts, "said", "last_message_at", "agent_enabled_at")),
        list(Suppression.objects.order_by("phone").values_list("phone", "under_review", "evidence", "said_at")),
        list(Send.objects.order_by("to").values_list("to", "state", "delivery", "replied_at")),
        list(Contact.objects.order_by("phone").values_list("phone", "conversation_open")),
    ]
