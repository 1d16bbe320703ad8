"""Staff answer: once, not over a colleague, not at night without being asked, and never somebody who opted out."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Send
from contacts.models import Contact, Suppression
from contacts.suppressing import suppress
from conversations import answering, keeping
from conversations.answering import CannotAnswer, Doubts, Letter
from conversations.models import Conversation, Entry, Message, Reply, SavedReply
from tests.conversations.calls import apply, call, sent_text, text_call
from tests.conversations.staff import FRONT_DESK, colleague, staff
from tests.makers import make_contacts

# A Wednesday noon in Washington, where number 202 is; and that night.
NOON, NIGHT = datetime(2026, 3, 4, 17, tzinfo=UTC), datetime(2026, 3, 5, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(request: pytest.FixtureRequest) -> Any:
    """Every test here begins within everybody's hours."""
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def conversation(db: None) -> Conversation:
    contact = make_contacts(1, first_name="Jane", last_name="Doe", time_zone="America/New_York")[0]
    apply(text_call(sent_text(contact=contact, thread_id="th_1"), "Can I come at 4?"))
    return fresh()


def fresh() -> Conversation:
    """The only conversation, as pages read it."""
    return Conversation.objects.with_facts().select_related("contact", "agent__account").get()


def letter(conversation: Conversation, text: str = "Yes, 4 is fine.", **fields: Any) -> Letter:
    return Letter(text, uuid4(), conversation.said, **fields)


def replies() -> list[Send]:
    return list(Send.objects.filter(reply__isnull=False).order_by("pk"))


class TestAnswer:
    def test_it_owes_one_text_without_the_agent_and_whoever_answers_has_it(self, conversation: Conversation) -> None:
        dana = colleague("Dana")
        answering.answer(conversation, letter(conversation), by=dana)
        (send,) = replies()
        assert (send.kind, send.state, send.to, send.text) == (
            "reply",
            "queued",
            conversation.contact.phone,
            "Yes, 4 is fine.",
        )
        assert send.no_agent
        found = fresh()
        assert (found.holder, found.unread, found.needs_human_since) == (dana, False, None)
        assert found.taken_over_at is not None

    def test_a_double_click_sends_once(self, conversation: Conversation) -> None:
        dana, once = colleague("Dana"), letter(conversation)
        first = answering.answer(conversation, once, by=dana)
        assert answering.answer(conversation, once, by=dana) == first
        assert len(replies()) == 1

    def test_a_used_form_does_not_send_another_text(self, conversation: Conversation) -> None:
        dana, once = colleague("Dana"), letter(conversation)
        answering.answer(conversation, once, by=dana)
        again = Letter("Something else", once.form_token, fresh().said)
        with pytest.raises(CannotAnswer, match="already sent another text"):
            answering.answer(conversation, again, by=dana)
        assert len(replies()) == 1

    def test_what_came_in_meanwhile_is_asked_about_once(self, conversation: Conversation) -> None:
        dana, written = colleague("Dana"), letter(conversation)
        apply(text_call(sent_text(contact=conversation.contact, agent=conversation.agent), "Or 5?"))
        with pytest.raises(Doubts) as asked:
            answering.answer(conversation, written, by=dana)
        assert (asked.value.came_in, asked.value.holder) == (1, "")
        assert replies() == []
        agreed = Letter(written.text, written.form_token, written.seen, agreed=asked.value.token)
        apply(text_call(sent_text(contact=conversation.contact, agent=conversation.agent), "Or 6?"))
        with pytest.raises(Doubts) as asked:  # that was another doubt
            answering.answer(conversation, agreed, by=dana)
        agreed = Letter(written.text, written.form_token, written.seen, agreed=asked.value.token)
        answering.answer(conversation, agreed, by=dana)
        assert len(replies()) == 1

    def test_a_colleague_who_answered_first_is_named(self, conversation: Conversation) -> None:
        dana, sam = colleague("Dana"), colleague("Sam")
        of_dana, of_sam = letter(conversation), letter(conversation, "4 it is")
        answering.answer(conversation, of_dana, by=dana)
        with pytest.raises(Doubts) as asked:
            answering.answer(conversation, of_sam, by=sam)
        assert asked.value.came_in == 1
        assert asked.value.holder.startswith("Dana has this since")
        assert len(replies()) == 1

    @pytest.mark.parametrize("text", ["", "  \n ", "x" * 1601, "Hi {{ first_name }}", "{% if x %}"])
    def test_what_cannot_be_sent_is_refused_in_words(self, conversation: Conversation, text: str) -> None:
        with pytest.raises(CannotAnswer, match="Nothing was sent"):
            answering.answer(conversation, letter(conversation, text), by=colleague("Dana"))
        assert replies() == []

    def test_nobody_who_opted_out_is_answered_or_handed_back(self, conversation: Conversation) -> None:
        dana = colleague("Dana")
        suppress([conversation.contact.phone], source=Suppression.Source.STAFF)
        for hands_back in (False, True):
            written = letter(conversation, hands_back=hands_back)
            with pytest.raises(CannotAnswer, match="opted out"):  # the page may not know it yet
                answering.answer(conversation, written, by=dana)
        assert replies() == []


class TestHours:
    def test_at_night_it_asks_and_does_as_told(self, conversation: Conversation, noon: Any) -> None:
        dana = colleague("Dana")
        noon.move_to(NIGHT)
        written = letter(conversation)
        with pytest.raises(Doubts) as asked:
            answering.answer(conversation, written, by=dana)
        assert asked.value.hours is not None
        assert asked.value.hours.their_now == "10:00 PM EST"
        assert replies() == []
        answering.answer(conversation, letter(conversation, when="now"), by=dana)
        answering.answer(fresh(), letter(fresh(), "Good morning", when="opening"), by=dana)
        at_once, later = replies()
        assert at_once.due_at != later.due_at
        assert at_once.window_ends_at is None
        assert later.due_at == asked.value.hours.opens
        assert later.window_ends_at == asked.value.hours.closes

    def test_the_agent_is_never_set_going_at_night(self, conversation: Conversation, noon: Any) -> None:
        dana = colleague("Dana")
        noon.move_to(NIGHT)
        with pytest.raises(Doubts):
            answering.answer(conversation, letter(conversation, hands_back=True, when="now"), by=dana)
        answering.answer(conversation, letter(conversation, hands_back=True, when="opening"), by=dana)
        (send,) = replies()
        assert send.due_at > timezone.now() + timedelta(hours=5)
        assert not send.no_agent

    def test_by_day_a_text_leaves_within_these_hours_however_long_the_queue(self, conversation: Conversation) -> None:
        answering.answer(conversation, letter(conversation), by=colleague("Dana"))
        (send,) = replies()
        assert send.window_ends_at is not None
        assert send.window_ends_at > timezone.now()


class TestTakeOver:
    def test_it_sends_nothing_and_says_since_when(self, conversation: Conversation) -> None:
        dana, before = colleague("Dana"), Send.objects.count()
        keeping.take_over(conversation.pk, by=dana, instead_of="")
        found = fresh()
        assert (found.holder, found.held_since) == (dana, found.taken_over_at)
        assert Send.objects.count() == before
        assert Entry.objects.get().kind == "taken_over"

    def test_of_two_who_take_it_the_second_is_told(self, conversation: Conversation) -> None:
        dana, sam = colleague("Dana"), colleague("Sam")
        keeping.take_over(conversation.pk, by=dana, instead_of="")
        with pytest.raises(keeping.CannotKeep, match="Dana was first"):
            keeping.take_over(conversation.pk, by=sam, instead_of="")
        keeping.take_over(conversation.pk, by=sam, instead_of=str(dana.pk))  # knowingly
        assert fresh().holder == sam

    def test_the_agent_counts_as_off_only_once_revmo_says_so(self, conversation: Conversation) -> None:
        client = staff(*FRONT_DESK)
        keeping.take_over(conversation.pk, by=colleague("Dana"), instead_of="")
        page = reverse("admin:conversations_conversation_change", args=[conversation.pk])
        assert "Revmo has not confirmed that the agent is off" in client.get(page).content.decode()
        apply(call("sms.agent", thread_id="th_1", agent_enabled=False))
        assert "Revmo has confirmed that the agent is off" in client.get(page).content.decode()
        sent_text(contact=conversation.contact, agent=conversation.agent, posted_at=timezone.now())
        assert "Revmo has not confirmed that the agent is off" in client.get(page).content.decode()

    def test_word_of_an_older_thread_is_no_confirmation(self, conversation: Conversation) -> None:
        sent_text(contact=conversation.contact, agent=conversation.agent, thread_id="th_2")
        keeping.take_over(conversation.pk, by=colleague("Dana"), instead_of="")
        apply(call("sms.agent", thread_id="th_1", agent_enabled=False))
        page = reverse("admin:conversations_conversation_change", args=[conversation.pk])
        assert "Revmo has not confirmed that the agent is off" in staff(*FRONT_DESK).get(page).content.decode()

    def test_an_agent_that_talks_on_is_shown_as_such_with_the_way_to_stop_it(
        self, conversation: Conversation, settings: Any
    ) -> None:
        settings.REVMO_CONVERSATION_URL = "https://revmo.example/conversations/{thread_id}"
        keeping.take_over(conversation.pk, by=colleague("Dana"), instead_of="")
        sent = Send.objects.get(thread_id="th_1")
        apply(text_call(sent, "You are confirmed!", "agent"))
        page = reverse("admin:conversations_conversation_change", args=[conversation.pk])
        content = staff(*FRONT_DESK).get(page).content.decode()
        assert "after Dana took over." in content
        assert "The agent wrote this after the take-over." in content
        assert "https://revmo.example/conversations/th_1" in content
        assert fresh().handoff_reason == "The agent texted after the take-over."

    def test_handing_back_is_a_text_with_the_agent(self, conversation: Conversation) -> None:
        dana = colleague("Dana")
        keeping.take_over(conversation.pk, by=dana, instead_of="")
        answering.answer(fresh(), letter(conversation, "Our assistant goes on.", hands_back=True), by=dana)
        (send,) = replies()
        assert not send.no_agent
        found = fresh()
        assert (found.holder, found.taken_over_at, found.is_open) == (None, None, False)

    def test_an_answer_after_a_take_over_waits_for_a_person(self, conversation: Conversation) -> None:
        keeping.take_over(conversation.pk, by=colleague("Dana"), instead_of="")
        apply(text_call(Send.objects.get(thread_id="th_1"), "Hello?"))
        assert fresh().handoff_reason == "Dana took over; an answer came."


class TestEcho:
    @pytest.mark.parametrize("author", ["human", "agent"])
    @pytest.mark.parametrize("thread", ["th_1", "th_reply", "th_unheard_of"])
    def test_what_staff_wrote_is_not_told_twice(self, conversation: Conversation, author: str, thread: str) -> None:
        answering.answer(conversation, letter(conversation), by=colleague("Dana"))
        (send,) = replies()
        now = timezone.now()
        Send.objects.filter(pk=send.pk).update(state="accepted", posted_at=now, finished_at=now, thread_id="th_reply")
        send.refresh_from_db()
        event = apply(text_call(send, "Yes, 4 is fine.", author, thread_id=thread))
        assert event.note == "Our own text, as Revmo sent it."
        assert Message.objects.filter(author=author).count() == 0


class TestSavedReply:
    def test_it_is_filled_in_for_the_person_and_a_gap_is_refused(self, conversation: Conversation) -> None:
        client = staff(*FRONT_DESK)
        good = SavedReply.objects.create(name="Thanks", body="Thank you, {{ first_name }}!")
        gap = SavedReply.objects.create(name="Firm", body="How is {{ company }}?")
        address = reverse("admin:conversations_conversation_saved", args=[conversation.pk])
        assert "Thank you, Jane!</textarea>" in client.post(address, {"saved": good.pk}).content.decode()
        page = client.post(address, {"saved": gap.pk, "text": "kept"}).content.decode()
        assert "“company” is blank for this person" in page
        assert "kept</textarea>" in page

    def test_a_tag_that_names_nothing_is_refused_where_it_is_written(self, db: None) -> None:
        client = staff("add_savedreply", "view_savedreply")
        page = client.post("/conversations/savedreply/add/", {"name": "Typo", "body": "Hi {{ frist_name }}"})
        assert "Did you mean “first_name”?" in page.content.decode()
        assert not SavedReply.objects.exists()


LEVERS = {
    "reply": ("reply_conversation", {"text": "Hi", "form_token": str(uuid4()), "seen": "9"}),
    "saved": ("reply_conversation", {"saved": "1"}),
    "writing": ("reply_conversation", {}),
    "takeover": ("takeover_conversation", {}),
    "assign": ("assign_conversation", {"to": ""}),
    "note": ("change_conversation", {"note": "Hm"}),
    "snooze": ("change_conversation", {"usual": "hour"}),
    "done": ("change_conversation", {}),
}


def everything() -> list[Any]:
    models = (Conversation, Send, Entry, Reply, Contact)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("verb", LEVERS)
class TestLevers:
    def address(self, conversation: Conversation, verb: str) -> str:
        name = f"admin:conversations_conversation_{verb}"
        return reverse(name) if verb == "done" else reverse(name, args=[conversation.pk])

    def fields(self, conversation: Conversation, verb: str) -> dict[str, Any]:
        return {**LEVERS[verb][1], "pk": conversation.pk}

    def test_it_needs_its_own_permission(self, conversation: Conversation, verb: str) -> None:
        others = {permission for permission, _ in LEVERS.values()} - {LEVERS[verb][0]}
        client, before = staff("view_conversation", *others), everything()
        response = client.post(self.address(conversation, verb), self.fields(conversation, verb))
        assert response.status_code == 403
        assert everything() == before

    def test_it_answers_whoever_has_it(self, conversation: Conversation, verb: str) -> None:
        client = staff("view_conversation", LEVERS[verb][0])
        response = client.post(self.address(conversation, verb), self.fields(conversation, verb))
        assert response.status_code in (200, 204, 302)

    def test_it_does_nothing_on_a_get(self, conversation: Conversation, verb: str) -> None:
        client, before = staff(*FRONT_DESK), everything()
        assert client.get(self.address(conversation, verb)).status_code == 405
        assert everything() == before

    def test_it_refuses_a_form_of_another_site(self, conversation: Conversation, verb: str) -> None:
        client, before = Client(enforce_csrf_checks=True), everything()
        client.force_login(colleague("Dana", *FRONT_DESK))
        response = client.post(self.address(conversation, verb), self.fields(conversation, verb))
        assert response.status_code == 403
        assert everything() == before


def test_handing_back_needs_the_permission_to_take_over(conversation: Conversation) -> None:
    client = staff("view_conversation", "reply_conversation")
    fields = {"text": "Hi", "form_token": str(uuid4()), "seen": conversation.said, "hands_back": "on"}
    address = reverse("admin:conversations_conversation_reply", args=[conversation.pk])
    assert client.post(address, fields).status_code == 403
    assert replies() == []


@pytest.mark.parametrize("htmx", [True, False])
def test_the_page_asks_keeps_the_text_and_sends_what_is_agreed(conversation: Conversation, htmx: bool) -> None:
    client = staff(*FRONT_DESK)
    headers = {"HX-Request": "true"} if htmx else {}
    address = reverse("admin:conversations_conversation_reply", args=[conversation.pk])
    fields = {"text": "At 4 then.", "form_token": str(uuid4()), "seen": conversation.said - 1}
    page = client.post(address, fields, headers=headers).content.decode()
    assert "Something was said since you began to write" in page
    assert "Can I come at 4?" in page
    assert "At 4 then.</textarea>" in page
    agreed = {**fields, "agreed": f"{conversation.said}."}
    assert client.post(address, agreed, headers=headers).status_code == (200 if htmx else 302)
    assert [send.text for send in replies()] == ["At 4 then."]


def test_whoever_is_signed_out_keeps_their_text(conversation: Conversation) -> None:
    address = reverse("admin:conversations_conversation_reply", args=[conversation.pk])
    assert Client().post(address, {"text": "Hi"}, headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_two_staff_at_the_same_moment_one_is_asked() -> None:
    contact = make_contacts(1, first_name="Jane", time_zone="America/New_York")[0]
    apply(text_call(sent_text(contact=contact, thread_id="th_1"), "Can I come at 4?"))
    people: list[User] = [colleague("Dana"), colleague("Sam")]
    conversation, barrier, ends = fresh(), threading.Barrier(2), []

    def work(user: User) -> None:
        written = letter(conversation, f"{user.first_name} here")
        barrier.wait()
        try:
            answering.answer(conversation, written, by=user)
            ends.append("sent")
        except Doubts:
            ends.append("asked")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["asked", "sent"]
    assert len(replies()) == 1
