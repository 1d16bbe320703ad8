"""The pages of what came back: a list, a conversation that keeps itself up to date, and the raw events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Mode
from contacts.models import Suppression
from contacts.suppressing import suppress
from conversations.models import Conversation, WebhookEvent
from conversations.timeline import timeline, version
from tests.conversations.calls import apply, call, keep, sent_text, status_call, text_call
from tests.makers import launched, make_contacts

pytestmark = pytest.mark.django_db

LIST = "/conversations/conversation/"
EVENTS = "/conversations/webhookevent/"


def staff(*permissions: str) -> Client:
    """A browser of somebody with just these permissions."""
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def reader() -> Client:
    return staff("view_conversation", "view_webhookevent", "view_contact", "view_campaign")


@pytest.fixture
def conversation() -> Conversation:
    contact = make_contacts(1, first_name="Jane", last_name="Doe", time_zone="America/Los_Angeles")[0]
    send = sent_text(
        contact=contact,
        text="Hello Jane,\nsee you at 3?",
        trigger="appointment_reminder",
        metadata={"customer_name": "Jane", "vip": True, "rc_send": "secret", "times": ["3 pm", "4 pm"]},
    )
    apply(status_call(send, "delivered"))
    apply(text_call(send, "Yes <b>please</b>"))
    return Conversation.objects.get()


def page_of(conversation: Conversation) -> str:
    return reverse("admin:conversations_conversation_change", args=[conversation.pk])


def news_of(conversation: Conversation) -> str:
    return reverse("admin:conversations_conversation_news", args=[conversation.pk])


def rows_of(response: Any) -> str:
    """The table of a list, without filters and frame."""
    table: str = response.content.decode().split('id="result_list"')[1]
    return table.split("</table>")[0]


class TestList:
    def test_an_empty_list_says_what_belongs_here_and_the_first_step(self, reader: Client) -> None:
        page = reader.get(LIST).content.decode()
        assert "No conversations yet" in page
        assert "Go to campaigns" in page

    def test_it_shows_who_and_the_last_text(self, reader: Client, conversation: Conversation) -> None:
        rows = rows_of(reader.get(LIST))
        assert "Jane Doe" in rows
        assert "Yes &lt;b&gt;please&lt;/b&gt;" in rows
        assert "Needs a human" not in rows

    def test_it_marks_who_needs_a_human_and_who_opted_out(self, reader: Client, conversation: Conversation) -> None:
        suppress([conversation.contact.phone], source=Suppression.Source.STAFF)
        assert "Opted out" in rows_of(reader.get(LIST))
        Conversation.objects.update(needs_human_since=timezone.now())
        assert "Needs a human" in rows_of(reader.get(LIST))

    @pytest.mark.parametrize(("show", "found"), [("human", 0), ("unread", 1), ("opted_out", 0)])
    def test_its_filters_find_what_they_name(
        self, reader: Client, conversation: Conversation, show: str, found: int
    ) -> None:
        assert reader.get(LIST, {"show": show}).context["cl"].result_count == found

    def test_it_finds_a_person_by_name_and_by_last_digits(self, reader: Client, conversation: Conversation) -> None:
        for words, found in (("jane", 1), ("Doe", 1), (conversation.contact.phone[-4:], 1), ("John", 0)):
            assert reader.get(LIST, {"q": words}).context["cl"].result_count == found

    def test_it_never_shows_the_other_mode(self, reader: Client, conversation: Conversation) -> None:
        Conversation.objects.update(mode=Mode.LIVE)
        assert reader.get(LIST).context["cl"].result_count == 0
        assert reader.get(news_of(conversation)).status_code == 404

    def test_dealt_with_takes_the_chosen_off_the_list_and_needs_permission(
        self, reader: Client, conversation: Conversation
    ) -> None:
        chosen = {"action": "mark_as_dealt_with", "_selected_action": [conversation.pk]}
        reader.post(LIST, chosen)
        assert Conversation.objects.get().unread
        staff("view_conversation", "change_conversation").post(LIST, chosen)
        assert not Conversation.objects.get().unread


class TestConversation:
    def test_it_shows_every_text_with_what_became_of_it(self, reader: Client, conversation: Conversation) -> None:
        page = reader.get(page_of(conversation)).content.decode()
        assert "Hello Jane,<br>see you at 3?" in page
        assert "Yes &lt;b&gt;please&lt;/b&gt;" in page
        assert "Delivered" in page
        assert "Asked the agent to start “appointment_reminder”." in page

    def test_it_lists_what_the_agent_was_told_in_words(self, reader: Client, conversation: Conversation) -> None:
        page = reader.get(page_of(conversation)).content.decode()
        for words in ("<dt>Customer name</dt><dd>Jane</dd>", "<dd>yes</dd>", "<dd>3 pm, 4 pm</dd>"):
            assert words in page
        assert "rc_send" not in page
        assert "secret" not in page

    def test_it_names_the_campaign_that_a_reply_answers(self, reader: Client) -> None:
        campaign = launched(1, name="Spring sale")
        send = campaign.sends.get()
        now = timezone.now()
        campaign.sends.update(state="accepted", thread_id="th_1", posted_at=now, finished_at=now)
        send.refresh_from_db()
        apply(text_call(send, "Tell me more"))
        page = reader.get(page_of(Conversation.objects.get())).content.decode()
        address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        assert f'answers <a href="{address}">Spring sale</a>' in page

    def test_it_shows_the_persons_clock_where_it_differs(self, conversation: Conversation) -> None:
        at = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
        conversation.messages.update(at=at)
        with timezone.override("America/New_York"):
            bubble = timeline(conversation).bubbles[0]
            assert (bubble.at, bubble.their_time) == (at, "9:30 AM PST")
        with timezone.override("America/Los_Angeles"):
            assert timeline(conversation).bubbles[0].their_time == ""

    def test_it_says_that_the_person_opted_out_and_in_which_words(
        self, reader: Client, conversation: Conversation
    ) -> None:
        apply(text_call(sent_text(contact=conversation.contact, agent=conversation.agent), "Stop!!"))
        page = reader.get(page_of(conversation)).content.decode()
        assert "Opted out" in page
        assert "“Stop!!”" in page

    def test_it_opens_with_the_newest_texts_and_offers_the_earlier_ones(self, conversation: Conversation) -> None:
        for minute in range(5):
            conversation.messages.create(
                author="agent", body=f"text {minute}", at=timezone.now() + timedelta(minutes=minute)
            )
        shown = timeline(conversation, limit=3)
        assert [bubble.text for bubble in shown.bubbles] == ["text 2", "text 3", "text 4"]
        assert shown.earlier
        assert not timeline(conversation, limit=7).earlier

    def test_it_takes_few_queries_however_many_texts_there_are(
        self, reader: Client, conversation: Conversation, django_assert_max_num_queries: Any
    ) -> None:
        for minute in range(30):
            conversation.messages.create(author="agent", body="text", at=timezone.now() + timedelta(minutes=minute))
        with django_assert_max_num_queries(15):
            reader.get(page_of(conversation))

    def test_it_is_for_those_who_may_see_it(self, conversation: Conversation) -> None:
        assert staff("view_contact").get(page_of(conversation)).status_code == 403
        assert Client().get(page_of(conversation)).status_code == 302

    def test_one_that_is_not_there_leads_back(self, reader: Client) -> None:
        assert reader.get(f"{LIST}999/change/").status_code == 302

    @pytest.mark.parametrize("texts", ["0", "-5", "many", "²", "9" * 30])
    def test_it_copes_with_any_number_of_texts_asked_for(
        self, reader: Client, conversation: Conversation, texts: str
    ) -> None:
        assert reader.get(page_of(conversation), {"texts": texts}).status_code == 200


class TestNews:
    def test_nothing_new_is_answered_with_nothing(self, reader: Client, conversation: Conversation) -> None:
        response = reader.get(news_of(conversation), {"version": version(conversation)})
        assert (response.status_code, response.content) == (204, b"")

    def test_a_new_text_comes_with_the_next_version(self, reader: Client, conversation: Conversation) -> None:
        before = version(conversation)
        send = sent_text(contact=conversation.contact, agent=conversation.agent)
        apply(text_call(send, "One more thing"))
        response = reader.get(news_of(conversation), {"version": before})
        assert response.status_code == 200
        page = response.content.decode()
        assert "One more thing" in page
        conversation.refresh_from_db()
        assert f"version={version(conversation)}" in page

    def test_whatever_the_page_shows_changes_the_version(self, conversation: Conversation) -> None:
        send = sent_text(contact=conversation.contact, agent=conversation.agent)
        seen = {version(conversation)}
        for body in (
            status_call(send, "sent"),
            status_call(send, "delivered"),
            text_call(send, "Hm", "human"),
            call("sms.handoff", thread_id=send.thread_id, reason="Wants a person"),
            call("sms.agent", thread_id=send.thread_id, agent_enabled=False),
        ):
            apply(body)
            conversation.refresh_from_db()
            seen.add(version(conversation))
        suppress([send.to], source=Suppression.Source.STAFF)
        seen.add(version(conversation))
        assert len(seen) == 7

    def test_after_signing_out_the_page_loads_anew(self, conversation: Conversation) -> None:
        response = Client().get(news_of(conversation))
        assert (response.status_code, response.headers["HX-Refresh"]) == (401, "true")

    def test_looking_changes_nothing(self, reader: Client, conversation: Conversation) -> None:
        reader.get(page_of(conversation))
        reader.get(news_of(conversation))
        assert Conversation.objects.get().unread


class TestDealtWith:
    def test_the_button_takes_it_off_the_list(self, conversation: Conversation) -> None:
        address = reverse("admin:conversations_conversation_done", args=[conversation.pk])
        client = staff("view_conversation", "change_conversation")
        assert client.get(address).status_code == 405
        assert client.post(address).status_code == 302
        assert not Conversation.objects.get().unread

    def test_it_needs_permission(self, reader: Client, conversation: Conversation) -> None:
        address = reverse("admin:conversations_conversation_done", args=[conversation.pk])
        assert reader.post(address).status_code == 403
        assert Conversation.objects.get().unread


class TestEvents:
    def test_an_empty_list_says_where_events_come_from(self, reader: Client) -> None:
        assert "Nothing has come in yet" in reader.get(EVENTS).content.decode()

    def test_the_raw_body_can_be_read(self, reader: Client) -> None:
        event = keep(call("sms.handoff", thread_id="th_1", reason="<script>alert(1)</script> déjà"))
        page = reader.get(f"{EVENTS}{event.pk}/change/").content.decode()
        assert "&quot;thread_id&quot;: &quot;th_1&quot;" in page
        assert "déjà" in page
        assert "<script>alert" not in page

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 50_000, b""])
    def test_any_body_can_be_looked_at(self, reader: Client, body: bytes) -> None:
        event = keep(body)
        assert reader.get(f"{EVENTS}{event.pk}/change/").status_code == 200

    def test_nobody_adds_changes_or_deletes_one(self) -> None:
        event = keep(b"{}")
        User.objects.create_superuser("root", password="x")
        client = Client()
        client.force_login(User.objects.get(username="root"))
        assert client.get(f"{EVENTS}add/").status_code == 403
        assert client.post(f"{EVENTS}{event.pk}/change/", {"note": "x"}).status_code == 403
        assert client.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_several_are_applied_again_by_those_who_may(self, reader: Client) -> None:
        event = apply(b"{}")
        chosen = {"action": "replay", "_selected_action": [event.pk]}
        reader.post(EVENTS, chosen)
        event.refresh_from_db()
        assert event.state == "unreadable"
        staff("view_webhookevent", "replay_webhookevent").post(EVENTS, chosen)
        event.refresh_from_db()
        assert event.state == "waiting"

    def test_one_is_applied_again_after_a_dialog_and_not_by_looking(self, reader: Client) -> None:
        event = apply(b"{}")
        address = reverse("admin:conversations_webhookevent_replay_one", args=[event.pk])
        may = staff("view_webhookevent", "replay_webhookevent")
        assert "Apply this event again?" in may.get(address).content.decode()
        event.refresh_from_db()
        assert event.state == "unreadable"
        assert reader.post(address, {"_form_submitted": "on"}).status_code == 403
        response = may.post(address, {"_form_submitted": "on"})
        assert response.headers["HX-Redirect"] == f"{EVENTS}{event.pk}/change/"
        assert WebhookEvent.objects.get().state == "waiting"
