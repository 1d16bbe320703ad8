"""The address that Revmo calls: verified, capped, stored once, and never a 500."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations import tasks, webhooks
from conversations.models import WebhookEvent
from tests.conversations.calls import (
    OTHER_SECRET,
    SECRET,
    call,
    post,
    sent_text,
    signature,
    status_call,
    text_call,
)

BODY = call("sms.handoff", thread_id="th_1", reason="asks for a person")
TOKEN = "a-long-and-unguessable-token"


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.REVMO_WEBHOOK_SECRETS = SECRET
    settings.REVMO_WEBHOOK_TOKEN = TOKEN
    tasks.wakes.forget()


def deliver(client: Client, headers: dict[str, str], body: bytes = BODY) -> int:
    return client.post("/webhooks/revmo/", body, content_type="application/json", headers=headers).status_code


def forget_jobs() -> None:
    """Away with what tests that really commit have left behind."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.mark.django_db
class TestSigned:
    def test_it_stores_the_raw_bytes_and_says_so(self, client: Client) -> None:
        assert post(client, BODY, "evt_1").status_code == 200
        event = WebhookEvent.objects.get()
        assert (event.event_id, bytes(event.body), event.signed) == ("evt_1", BODY, True)
        assert (event.kind, event.state, event.mode) == ("handoff", "waiting", "simulator")

    def test_it_stores_an_event_once(self, client: Client) -> None:
        assert [post(client, BODY, "evt_1").status_code for _ in range(3)] == [200, 200, 200]
        assert WebhookEvent.objects.count() == 1

    def test_it_keeps_what_it_cannot_interpret(self, client: Client) -> None:
        body = b'{"hello": ["world"]}'
        assert post(client, body).status_code == 202
        event = WebhookEvent.objects.get()
        assert (event.state, bytes(event.body), event.due_at) == ("unreadable", body, None)
        assert event.note

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'{"n": ' + b"9" * 5_000 + b"}", b"\xff\xfe", b"", b"null"])
    def test_it_answers_hostile_bodies_without_an_error(self, client: Client, body: bytes) -> None:
        try:
            headers = signature(body, "evt_1")
        except UnicodeDecodeError:
            headers = signature(b"", "evt_1")
        assert deliver(client, headers, body) in {202, 401}

    def test_it_wakes_a_worker_once_for_many_events(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        forget_jobs()
        for _ in range(3):
            with django_capture_on_commit_callbacks(execute=True):
                post(client, BODY)
        assert ProcrastinateJob.objects.get().task_name == "conversations.apply_waiting_events"

    def test_it_takes_the_old_and_the_new_secret_while_they_are_rotated(self, client: Client, settings: Any) -> None:
        settings.REVMO_WEBHOOK_SECRETS = f"{OTHER_SECRET}, {SECRET}"
        assert deliver(client, signature(BODY, "evt_1", SECRET)) == 200
        assert deliver(client, signature(BODY, "evt_2", OTHER_SECRET)) == 200
        settings.REVMO_WEBHOOK_SECRETS = OTHER_SECRET
        assert deliver(client, signature(BODY, "evt_3", SECRET)) == 401

    def test_it_passes_over_signatures_of_other_versions(self, client: Client) -> None:
        headers = signature(BODY, "evt_1")
        headers["webhook-signature"] = f"v2,AAAA {headers['webhook-signature']}"
        assert deliver(client, headers) == 200

    @pytest.mark.parametrize(("seconds", "status"), [(-290, 200), (290, 200), (-310, 401), (310, 401)])
    def test_it_takes_a_signature_for_five_minutes(self, client: Client, seconds: int, status: int) -> None:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        assert deliver(client, signature(BODY, "evt_1", at=at)) == status


@pytest.mark.django_db
class TestNotAuthentic:
    @pytest.mark.parametrize(
        "changes",
        [
            {"webhook-id": ""},
            {"webhook-timestamp": ""},
            {"webhook-signature": ""},
            {"webhook-id": "evt_2"},
            {"webhook-id": "e" * 5_000},
            {"webhook-timestamp": "NaN"},
            {"webhook-timestamp": "1e400"},
            {"webhook-timestamp": "yesterday"},
            {"webhook-signature": "v1"},
            {"webhook-signature": "v1,"},
            {"webhook-signature": "v1,a,b"},
            {"webhook-signature": "v1,a  v1,b"},
            {"webhook-signature": "  "},
            {"webhook-signature": "v1,ÿþ"},
            {"webhook-signature": "v1," + "A" * 44},
            {"webhook-signature": "v2," + "A" * 44},
        ],
    )
    def test_it_refuses_a_spoilt_header(self, client: Client, changes: dict[str, str]) -> None:
        assert deliver(client, signature(BODY, "evt_1") | changes) == 401
        assert not WebhookEvent.objects.exists()

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_it_refuses_a_missing_header(self, client: Client, name: str) -> None:
        headers = signature(BODY, "evt_1")
        del headers[name]
        assert deliver(client, headers) == 401

    def test_it_refuses_one_changed_byte_and_json_written_anew(self, client: Client) -> None:
        headers = signature(BODY, "evt_1")
        assert deliver(client, headers, BODY.replace(b"th_1", b"th_2")) == 401
        assert deliver(client, headers, BODY.replace(b": ", b":")) == 401
        assert deliver(client, headers, BODY + b" ") == 401
        assert deliver(client, headers, b"\xff" + BODY) == 401
        assert not WebhookEvent.objects.exists()

    @pytest.mark.parametrize("secrets", ["", " , ", "whsec_", "not base64!"])
    def test_without_a_secret_nothing_is_authentic(self, client: Client, settings: Any, secrets: str) -> None:
        settings.REVMO_WEBHOOK_SECRETS = secrets
        assert deliver(client, signature(BODY, "evt_1")) == 401
        assert not WebhookEvent.objects.exists()

    @hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.fixed_dictionaries(
            {
                name: st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
                for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
            }
        ),
        st.binary(max_size=200),
    )
    def test_no_junk_is_let_in_or_stumbled_over(self, client: Client, headers: dict[str, str], body: bytes) -> None:
        assert deliver(client, headers, body) == 401

    def test_it_answers_post_only(self, client: Client) -> None:
        assert client.get("/webhooks/revmo/").status_code == 405
        assert client.put("/webhooks/revmo/", BODY, content_type="application/json").status_code == 405


@pytest.mark.django_db
class TestByToken:
    def test_it_takes_an_unsigned_event_at_the_secret_address(self, client: Client) -> None:
        response = client.post(f"/webhooks/revmo/{TOKEN}/", BODY, content_type="application/json")
        assert response.status_code == 200
        assert not WebhookEvent.objects.get().signed

    def test_it_stores_the_same_bytes_once(self, client: Client) -> None:
        for _ in range(2):
            client.post(f"/webhooks/revmo/{TOKEN}/", BODY, content_type="application/json")
        assert WebhookEvent.objects.count() == 1

    def test_an_unsigned_event_cannot_keep_a_signed_one_out(self, client: Client) -> None:
        address = f"/webhooks/revmo/{TOKEN}/"
        client.post(address, b"{}", content_type="application/json", headers={"webhook-id": "evt_1"})
        assert post(client, BODY, "evt_1").status_code == 200
        assert WebhookEvent.objects.get(signed=True).event_id == "evt_1"

    @pytest.mark.parametrize("event_id", ["e" * 5_000, "ÿ\x7f", "\u2028"])
    def test_it_copes_with_any_id(self, client: Client, event_id: str) -> None:
        address = f"/webhooks/revmo/{TOKEN}/"
        headers = {"webhook-id": event_id}
        assert client.post(address, BODY, content_type="application/json", headers=headers).status_code == 200

    @pytest.mark.parametrize("token", ["wrong", TOKEN + "x", TOKEN[:-1], "ÿ", "%00"])
    def test_it_refuses_a_wrong_token(self, client: Client, token: str) -> None:
        response = client.post(f"/webhooks/revmo/{token}/", BODY, content_type="application/json")
        assert response.status_code == 401

    def test_without_a_token_in_the_settings_there_is_no_such_address(self, client: Client, settings: Any) -> None:
        settings.REVMO_WEBHOOK_TOKEN = ""
        response = client.post("/webhooks/revmo/anything/", BODY, content_type="application/json")
        assert response.status_code == 401
        assert not WebhookEvent.objects.exists()


class Tripwire:
    """A body that must not be read."""

    def read(self, *args: object) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.django_db
class TestCap:
    def test_it_refuses_a_long_body_before_reading_it(self) -> None:
        request: WSGIRequest = RequestFactory().post("/webhooks/revmo/", b"", content_type="application/json")
        request.META["CONTENT_LENGTH"] = str(webhooks.MAX_BODY + 1)
        request._stream = Tripwire()  # type: ignore[assignment]
        assert webhooks.receive(request).status_code == 413

    def test_it_refuses_a_body_that_turns_out_longer_than_it_said(self) -> None:
        request = RequestFactory().post(
            "/webhooks/revmo/", b"x" * (webhooks.MAX_BODY + 1), content_type="application/json"
        )
        request.META["CONTENT_LENGTH"] = "12"
        assert webhooks.receive(request).status_code == 413

    @pytest.mark.parametrize("length", ["-1", "many", ""])
    def test_it_reads_no_sense_into_a_senseless_length(self, length: str) -> None:
        request = RequestFactory().post("/webhooks/revmo/", BODY, content_type="application/json")
        request.META["CONTENT_LENGTH"] = length
        assert webhooks.receive(request).status_code == 401

    def test_it_takes_a_body_of_exactly_the_cap(self, client: Client) -> None:
        spare = webhooks.MAX_BODY - len(call("sms.handoff", thread_id="th_1", reason=""))
        padded = call("sms.handoff", thread_id="th_1", reason="r" * spare)
        while len(padded) > webhooks.MAX_BODY:
            padded = padded.replace(b"rr", b"r", 1)
        assert len(padded) == webhooks.MAX_BODY
        assert post(client, padded).status_code == 200
        assert deliver(client, signature(padded + b" ", "evt_1"), padded + b" ") == 413


@pytest.fixture
def _database_away(transactional_db: None) -> Iterator[None]:
    """The address of the server leads nowhere until the test is over."""
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    yield
    connection.close()
    connection.settings_dict["HOST"] = host


@pytest.mark.usefixtures("_database_away")
def test_it_asks_revmo_to_come_back_while_the_database_is_away(client: Client) -> None:
    assert post(client, BODY).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_parallel_copies_of_one_event_make_one_row_and_are_all_taken() -> None:
    headers, statuses = signature(BODY, "evt_1"), []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait()
        statuses.append(deliver(Client(), headers))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_applies_what_came_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The worker's thread outlives the test; its connection must not.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    send = sent_text()
    assert post(client, status_call(send, "delivered")).status_code == 200
    assert post(client, text_call(send, "Thanks")).status_code == 200
    # In a thread: the process may have a browser's event loop running, and the worker needs one of its own.
    with app.replace_connector(app.connector.get_worker_connector()), ThreadPoolExecutor(1) as thread:  # type: ignore[attr-defined]
        thread.submit(app.run_worker, wait=False, install_signal_handlers=False, listen_notify=False).result()
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"applied"}
    send.refresh_from_db()
    assert send.delivery == "delivered"
    assert send.replied_at is not None
