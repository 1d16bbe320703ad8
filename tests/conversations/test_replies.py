"""What people, agents and staff at Revmo say after our texts."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Mode, Send
from contacts.models import Contact, Suppression
from contacts.suppressing import lift
from conversations import applying, intake
from conversations.models import Conversation, Message, WebhookEvent
from tests.conversations.calls import apply, call, due_again, keep, sent_text, text_call
from tests.makers import launched, make_contacts, number

pytestmark = pytest.mark.django_db


def standing() -> list[str]:
    return list(Suppression.objects.standing().values_list("phone", flat=True))


class TestReply:
    def test_a_reply_opens_the_conversation_and_is_noted_on_the_text_it_answers(self) -> None:
        send = sent_text()
        event = apply(text_call(send, "Yes, please"))
        message = Message.objects.get()
        assert (message.author, message.body, message.send) == ("contact", "Yes, please", send)
        assert message.event == event
        conversation = Conversation.objects.get()
        assert (conversation.contact, conversation.agent, conversation.mode) == (
            send.contact,
            send.agent,
            "simulator",
        )
        assert conversation.unread
        assert conversation.last_message_at == message.at
        send.refresh_from_db()
        assert send.replied_at == message.at

    def test_a_message_is_told_once_however_often_it_comes(self) -> None:
        send = sent_text()
        body = text_call(send, "Yes", message_id="m_once")
        assert [apply(body).state for _ in range(3)] == ["applied"] * 3
        assert Message.objects.count() == 1

    def test_an_event_without_a_message_id_is_told_once_when_replayed(self) -> None:
        event = apply(text_call(sent_text(), "Yes", message_id=""))
        intake.replay(WebhookEvent.objects.filter(pk=event.pk))
        applying.apply_waiting(1)
        event.refresh_from_db()
        assert event.state == "applied"
        assert Message.objects.count() == 1

    def test_the_first_reply_stands_as_the_time_of_the_reply(self) -> None:
        send = sent_text()
        first = apply(text_call(send, "Yes"))
        apply(text_call(send, "No, wait"))
        send.refresh_from_db()
        assert send.replied_at == Message.objects.get(event=first).at

    def test_texts_that_come_in_disorder_leave_the_newest_time(self) -> None:
        send = sent_text()
        now = timezone.now()
        apply(text_call(send, "second"))
        old = {
            "thread_id": send.thread_id,
            "message_id": "m_old",
            "from": send.to,
            "to": "",
            "author": "contact",
        }
        apply(call("sms.message", now - timedelta(seconds=40), body="first", **old))
        assert [message.body for message in Message.objects.all()] == ["first", "second"]
        assert Conversation.objects.get().last_message_at == Message.objects.get(body="second").at

    def test_a_reply_in_an_unknown_thread_goes_to_the_newest_text_to_that_number(self) -> None:
        contact = make_contacts(1)[0]
        sent_text(contact=contact, posted_at=timezone.now() - timedelta(days=2))
        newest = sent_text(contact=contact)
        apply(text_call(newest, "Hello?", thread_id="th_unheard_of"))
        assert Message.objects.get().send == newest

    def test_a_reply_in_an_unknown_thread_waits_while_a_text_to_that_number_is_on_its_way(self) -> None:
        contact = make_contacts(1)[0]
        older = sent_text(contact=contact)
        posting = sent_text(contact=contact, state=Send.State.POSTING, thread_id="")
        event = apply(text_call(older, "Yes", thread_id="th_new"))
        assert event.state == "unmatched"
        Send.objects.filter(pk=posting.pk).update(
            state="accepted", thread_id="th_new", lease_until=None, finished_at=timezone.now()
        )
        due_again(event)
        applying.apply_waiting(1)
        assert Message.objects.get().send == posting

    def test_a_person_whom_we_never_texted_is_shown_and_not_guessed_at(self) -> None:
        stranger = {"from": number(77), "to": "", "author": "contact", "message_id": "m", "thread_id": "th"}
        event = apply(call("sms.message", body="Who is this?", **stranger))
        assert event.state == "unmatched"
        assert event.note == "We have never texted this number and do not know the thread."
        assert not Conversation.objects.exists()

    def test_threads_of_one_person_and_agent_are_one_conversation(self) -> None:
        first = sent_text()
        second = sent_text(contact=first.contact, agent=first.agent)
        apply(text_call(first, "one"))
        apply(text_call(second, "two"))
        assert Conversation.objects.get().messages.count() == 2

    def test_a_simulated_reply_is_no_history_of_the_person(self) -> None:
        send = sent_text()
        apply(text_call(send, "Yes"))
        assert not Contact.objects.get().conversation_open

    def test_a_live_reply_opens_the_persons_conversation(self, settings: Any) -> None:
        settings.REVMO_MODE = "live"
        send = sent_text(mode=Mode.LIVE)
        apply(text_call(send, "Yes"))
        assert Contact.objects.get().conversation_open


class TestEcho:
    @pytest.mark.parametrize("author", ["agent", "human"])
    def test_our_own_text_folds_into_its_send(self, author: str) -> None:
        send = sent_text(text="Hello  there\n")
        event = apply(text_call(send, "Hello there", author))
        assert (event.state, event.note) == ("applied", "Our own text, as Revmo sent it.")
        assert not Message.objects.exists()

    def test_the_same_words_much_later_are_the_agents_own(self) -> None:
        send = sent_text(text="Hello", posted_at=timezone.now() - timedelta(hours=1))
        apply(text_call(send, "Hello", "agent"))
        assert Message.objects.get().author == "agent"

    def test_a_person_who_repeats_our_words_is_heard(self) -> None:
        send = sent_text(text="Hello")
        apply(text_call(send, "Hello"))
        assert Message.objects.get().author == "contact"

    def test_what_the_agent_says_of_itself_is_a_text_that_nobody_must_read(self) -> None:
        send = sent_text(text="", trigger="appointment_reminder")
        apply(text_call(send, "Your appointment is at 3 pm.", "agent"))
        assert Message.objects.get().author == "agent"
        assert not Conversation.objects.get().unread
        send.refresh_from_db()
        assert send.replied_at is None


class TestOptOut:
    @pytest.mark.parametrize("signed", [True, False])
    def test_stop_ends_every_text_that_is_owed_to_the_number(self, signed: bool) -> None:
        campaign = launched(3)
        queued = campaign.sends.order_by("pk")[0]
        sent = sent_text(contact=queued.contact)
        apply(text_call(sent, "STOP!"), signed=signed)
        assert standing() == [queued.to]
        assert Suppression.objects.get().evidence == "STOP!"
        states = list(campaign.sends.order_by("pk").values_list("state", flat=True))
        assert states == ["suppressed", "queued", "queued"]

    def test_stop_of_a_stranger_counts(self) -> None:
        stranger = {"from": number(77), "to": "", "author": "contact", "message_id": "m", "thread_id": "th"}
        event = apply(call("sms.message", body="stop", **stranger))
        assert event.state == "unmatched"
        assert standing() == [number(77)]

    def test_stop_without_a_readable_number_counts_by_its_thread(self) -> None:
        send = sent_text()
        apply(text_call(send, "STOP", **{"from": "anonymous"}))
        assert standing() == [send.to]

    def test_stop_is_kept_although_the_rest_of_its_event_fails(self) -> None:
        send = sent_text()
        break_messages()
        event = apply(text_call(send, "STOP"))
        assert (event.state, event.tries) == ("waiting", 1)
        assert standing() == [send.to]

    def test_only_the_person_can_opt_out(self) -> None:
        send = sent_text()
        for author in ("agent", "human"):
            apply(text_call(send, "STOP", author))
        assert standing() == []

    def test_an_old_stop_does_not_undo_what_staff_lifted_later(self) -> None:
        send = sent_text()
        event = apply(text_call(send, "STOP"))
        lift(Suppression.objects.get(), by=None, reason="Asked to be texted again by phone.")
        intake.replay(WebhookEvent.objects.filter(pk=event.pk))
        applying.apply_waiting(1)
        assert standing() == []
        apply(text_call(send, "STOP"))
        assert standing() == [send.to]

    def test_a_doubtful_stop_is_put_before_a_person(self) -> None:
        send = sent_text()
        apply(text_call(send, "Can you stop by at 5?"))
        conversation = Conversation.objects.get()
        assert Suppression.objects.get().under_review
        assert conversation.needs_human_since is not None
        assert conversation.handoff_reason == "The reply contains “stop”. Do they want no more texts?"

    def test_a_clear_stop_needs_nobody(self) -> None:
        apply(text_call(sent_text(no_agent=True), "STOP"))
        assert Conversation.objects.get().needs_human_since is None

    def test_a_reply_to_a_text_without_the_agent_needs_a_person(self) -> None:
        apply(text_call(sent_text(no_agent=True), "What time?"))
        assert Conversation.objects.get().handoff_reason == "Replied to a text that was sent without the agent."


class TestHandOver:
    def test_the_agent_asks_for_a_person_and_says_why(self) -> None:
        send = sent_text()
        apply(call("sms.handoff", thread_id=send.thread_id, reason="Wants a refund"))
        apply(call("sms.handoff", thread_id=send.thread_id, reason="Is angry"))
        apply(call("sms.handoff", thread_id=send.thread_id, reason="Wants a refund"))
        conversation = Conversation.objects.get()
        assert conversation.needs_human_since is not None
        assert conversation.handoff_reason == "Wants a refund\nIs angry"

    def test_the_newest_word_about_the_agent_stands(self) -> None:
        send, now = sent_text(), timezone.now()
        switch = {"thread_id": send.thread_id}
        apply(call("sms.agent", now - timedelta(seconds=10), agent_enabled=False, **switch))
        apply(call("sms.agent", now - timedelta(seconds=20), agent_enabled=True, **switch))
        conversation = Conversation.objects.get()
        assert conversation.agent_enabled is False
        assert conversation.agent_enabled_at == now - timedelta(seconds=10)

    def test_an_unsigned_word_about_the_agent_changes_nothing(self) -> None:
        send = sent_text()
        event = apply(call("sms.agent", thread_id=send.thread_id, agent_enabled=False), signed=False)
        assert event.state == "applied"
        assert "Not signed" in event.note
        assert not Conversation.objects.exists()


class TestPoison:
    def test_five_failed_tries_set_an_event_aside_and_a_replay_brings_it_back(self) -> None:
        break_messages()
        event = keep(text_call(sent_text(), "Hello"))
        for tries in range(1, 6):
            due_again(event)
            applying.apply_waiting(1)
            event.refresh_from_db()
            assert event.tries == tries
        assert (event.state, event.due_at) == ("set_aside", None)
        assert event.note.startswith("Could not be applied in 5 tries and was set aside.")
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER broken ON conversations_message")
        assert intake.replay(WebhookEvent.objects.all()) == 1
        applying.apply_waiting(1)
        event.refresh_from_db()
        assert event.state == "applied"
        assert Message.objects.get().body == "Hello"

    def test_a_poisonous_event_does_not_hold_up_the_others(self) -> None:
        break_messages()
        send = sent_text()
        keep(text_call(send, "Hello"))
        keep(call("sms.handoff", thread_id=send.thread_id, reason="Wants a person"))
        applying.apply_waiting(10)
        assert Conversation.objects.get().handoff_reason == "Wants a person"

    def test_characters_that_a_database_cannot_hold_poison_nothing(self) -> None:
        send = sent_text()
        apply(text_call(send, "S\0TOP"))
        apply(text_call(send, "Hello \0 \ud800 there"))
        assert standing() == [send.to]
        assert Message.objects.count() == 2


def break_messages() -> None:
    """No message can be stored until the test is over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$;"
            "CREATE TRIGGER broken BEFORE INSERT ON conversations_message"
            " FOR EACH ROW EXECUTE FUNCTION broken()"
        )


@pytest.mark.django_db(transaction=True)
def test_copies_of_texts_applied_at_once_by_two_workers_are_told_once() -> None:
    sends = [sent_text(contact=contact) for contact in make_contacts(5)]
    for send in sends:
        for text in ("one", "two"):
            body = text_call(send, text)
            for _ in range(3):
                keep(body)

    def work() -> None:
        applying.apply_waiting(100)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"applied"}
    assert Conversation.objects.count() == 5
    assert Message.objects.count() == 10
