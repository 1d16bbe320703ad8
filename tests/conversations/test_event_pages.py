"""The raw events: whoever looks after the connection reads and replays them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, WebhookEvent
from tests.conversations.calls import apply, call, keep, sent_text, text_call
from tests.conversations.staff import staff

pytestmark = pytest.mark.django_db

EVENTS = "/conversations/webhookevent/"


@pytest.fixture
def reader() -> Client:
    return staff("view_webhookevent")


class TestEvents:
    def test_an_empty_list_says_where_events_come_from(self, reader: Client) -> None:
        assert "Nothing has come in yet" in reader.get(EVENTS).content.decode()

    def test_the_raw_body_can_be_read(self, reader: Client) -> None:
        event = keep(call("sms.handoff", thread_id="th_1", reason="<script>alert(1)</script> déjà"))
        page = reader.get(f"{EVENTS}{event.pk}/change/").content.decode()
        assert "&quot;thread_id&quot;: &quot;th_1&quot;" in page
        assert "déjà" in page
        assert "<script>alert" not in page

    def test_it_leads_to_the_conversation_where_its_text_stands(self, reader: Client) -> None:
        event = apply(text_call(sent_text(), "Hello"))
        page = reader.get(f"{EVENTS}{event.pk}/change/").content.decode()
        assert f'href="/conversations/conversation/{Conversation.objects.get().pk}/change/?show=all"' in page

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
