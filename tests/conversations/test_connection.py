"""The page on the connection, the search among events, and the count of what was refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations import applying, connecting, refusals, tasks
from conversations.models import RefusedCall, WebhookEvent
from tests.conversations.calls import SECRET, apply, call, keep, post, sent_text, status_call, text_call
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db

PAGE = "/conversations/webhookevent/connection/"
EVENTS = "/conversations/webhookevent/"


@pytest.fixture(autouse=True)
def _way_in(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REVMO_WEBHOOK_SECRETS = SECRET
    settings.REVMO_WEBHOOK_TOKEN = ""
    tasks.wakes.forget()
    monkeypatch.setattr(refusals, "tally", refusals.Tally())


def staff(*permissions: str) -> Client:
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return staff("view_webhookevent", "replay_webhookevent")


class TestSendingOurselvesAnEvent:
    def test_it_takes_the_way_of_a_real_one_and_changes_nothing(self, operator: Client) -> None:
        page = operator.post(PAGE, follow=True).content.decode()
        assert "Your event was let in, verified and stored." in page
        event = WebhookEvent.objects.get()
        assert (event.signed, event.kind, event.state) == (True, "test", "waiting")
        applying.apply_waiting(10)
        event.refresh_from_db()
        assert event.state == "applied"
        assert event.note.startswith("A test of yours")

    def test_it_goes_by_the_token_where_there_is_no_secret(self, operator: Client, settings: Any) -> None:
        settings.REVMO_WEBHOOK_SECRETS, settings.REVMO_WEBHOOK_TOKEN = "", "a-long-token"
        operator.post(PAGE)
        assert not WebhookEvent.objects.get().signed

    def test_it_says_what_to_set_where_nobody_is_let_in(self, operator: Client, settings: Any) -> None:
        settings.REVMO_WEBHOOK_SECRETS = ""
        assert "set REVMO_WEBHOOK_SECRETS" in operator.post(PAGE, follow=True).content.decode()
        assert not WebhookEvent.objects.exists()

    def test_looking_sends_nothing_and_sending_needs_its_permission(self, operator: Client) -> None:
        operator.get(PAGE)
        assert staff("view_webhookevent").post(PAGE).status_code == 403
        assert staff().get(PAGE).status_code == 403
        assert not WebhookEvent.objects.exists()

    def test_it_needs_the_form_token(self) -> None:
        user = User.objects.create_superuser("root")
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        assert client.post(PAGE).status_code == 403

    def test_the_page_shows_no_secret(self, operator: Client, settings: Any) -> None:
        settings.REVMO_WEBHOOK_TOKEN = "a-long-token"
        page = operator.get(PAGE).content.decode()
        assert SECRET not in page
        assert "a-long-token" not in page
        assert "&lt;token&gt;" in page


class TestWhatArrived:
    def test_it_counts_what_came_and_links_the_lists_that_it_counts(self, operator: Client) -> None:
        apply(status_call(sent_text(), "delivered"))
        keep(b"{}")
        rows = {row.label: row for row in connecting.lately(timezone.now())}
        assert {label: row.count for label, row in rows.items() if row.count} == {"Applied": 1, "Not understood": 1}
        listed = operator.get(f"{EVENTS}?{rows['Applied'].query}")
        assert listed.context["cl"].result_count == 1

    def test_it_counts_what_was_refused_and_keeps_nothing_else(
        self, operator: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = call("sms.handoff", thread_id="th_1", reason="x")
        monkeypatch.setattr(refusals, "WRITE_EVERY", 0.0)
        for _ in range(3):
            assert post(operator, body, **{"webhook-signature": "v1,AAAA"}).status_code == 401
        assert connecting.refused(timezone.now()) == [connecting.Row("No valid signature", 3)]
        assert "3 calls" in operator.get(PAGE).content.decode()
        assert not WebhookEvent.objects.exists()

    def test_a_wave_of_junk_is_written_once_a_second(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(50):
            client.post("/webhooks/revmo/", b"junk", content_type="text/plain")
        assert sum(RefusedCall.objects.values_list("amount", flat=True)) == 1
        monkeypatch.setattr(refusals, "WRITE_EVERY", 0.0)
        client.post("/webhooks/revmo/", b"junk", content_type="text/plain")
        assert sum(RefusedCall.objects.values_list("amount", flat=True)) == 51

    def test_it_says_that_no_worker_takes_events_up(self, operator: Client) -> None:
        event = keep(status_call(sent_text(), "sent"))
        assert "no worker takes them up" not in operator.get(PAGE).content.decode()
        WebhookEvent.objects.filter(pk=event.pk).update(due_at=timezone.now() - timedelta(minutes=5))
        assert "no worker takes them up" in operator.get(PAGE).content.decode()


class TestSearch:
    @pytest.fixture(autouse=True)
    def _events(self) -> None:
        jane, john = make_contacts(2)
        self.jane, self.john = sent_text(contact=jane), sent_text(contact=john)
        apply(status_call(self.jane, "delivered"))
        apply(text_call(self.jane, "Is there Parking? ¿Dónde?"))
        apply(text_call(self.john, "No, thanks"))

    def found(self, operator: Client, term: str) -> int:
        return int(operator.get(EVENTS, {"q": term}).context["cl"].result_count)

    def test_by_number_thread_and_words(self, operator: Client) -> None:
        assert self.found(operator, self.jane.to) == 2
        assert self.found(operator, "(202) 555-0100") == 2
        assert self.found(operator, self.john.to[-4:]) == 1
        assert self.found(operator, self.jane.thread_id) == 2
        assert self.found(operator, "parking") == 1
        assert self.found(operator, "¿Dónde?") == 1
        assert self.found(operator, "nobody said this") == 0
        assert self.found(operator, "") == 3

    def test_by_the_beginning_of_an_id(self, operator: Client) -> None:
        event = keep(status_call(self.jane, "sent"), event_id="msg_abcdef")
        assert self.found(operator, "msg_abc") == 1
        page = operator.get(reverse("admin:conversations_webhookevent_change", args=[event.pk])).content.decode()
        assert "msg_abcdef" in page
