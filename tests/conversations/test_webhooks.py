"""The address that Revmo calls: verified, capped, stored once, and never a 500."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import Client, RequestFactory
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations import tasks, webhooks
from conversations.models import WebhookEvent
from tests.conversations.calls import (
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

    def test_it_keeps_what_it_cannot_interpret(self, client: Client) -> None:
        body = b'{"hello": ["world"]}'
        assert post(client, body).status_code == 202
        event = WebhookEvent.objects.get()
        assert (event.state, bytes(event.body), event.due_at) == ("unreadable", body, None)
        assert event.note

    def test_it_wakes_a_worker_once_for_many_events(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        forget_jobs()
        for _ in range(3):
            with django_capture_on_commit_callbacks(execute=True):
                post(client, BODY)
        assert ProcrastinateJob.objects.get().task_name == "conversations.apply_waiting_events"


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
