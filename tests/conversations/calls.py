"""Calls of Revmo, as they stand in docs of the wire, and the ways they reach us in tests."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from campaigns.models import Mode, Send
from contacts.models import Contact
from conversations import applying, intake
from conversations.models import Conversation, WebhookEvent
from tests.makers import make_agent, make_contacts, make_send, number

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
AT = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)

_serial = count()


def call(kind: str, at: datetime | None = None, /, **data: Any) -> bytes:
    """The body of one call."""
    stamp = (at or timezone.now()).isoformat()
    return json.dumps({"type": kind, "timestamp": stamp, "data": data}).encode()


def status_call(send: Send, status: str, *, reference: bool = True, **data: Any) -> bytes:
    """A delivery report about `send`, by our reference or by its thread alone."""
    metadata = {"metadata": {"rc_send": send.reference}} if reference else {}
    return call("sms.status", **{"thread_id": send.thread_id, "to": send.to, "status": status} | metadata | data)


def text_call(send: Send, body: str, author: str = "contact", **data: Any) -> bytes:
    """A text in the thread of `send`."""
    ours, theirs = "+12025550199", send.to
    ends = {"from": theirs, "to": ours} if author == "contact" else {"from": ours, "to": theirs}
    fields = {"thread_id": send.thread_id, "message_id": f"m{next(_serial)}", "author": author, "body": body}
    return call("sms.message", **fields | ends | data)


def signature(body: bytes, event_id: str, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    at = at or datetime.now(UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body.decode()),
    }


def post(client: Client, body: bytes, event_id: str = "", **headers: str) -> Any:
    """One signed call over HTTP."""
    signed = signature(body, event_id or f"evt_{next(_serial)}")
    return client.post("/webhooks/revmo/", body, content_type="application/json", headers=signed | headers)


def keep(body: bytes, *, signed: bool = True, event_id: str = "") -> WebhookEvent:
    """An event as the address stores it."""
    event_id = event_id or f"evt_{next(_serial)}"
    intake.store(event_id, body, signed=signed)
    # The database stamps it, and a test that stops our clock does not stop the database's.
    WebhookEvent.objects.filter(event_id=event_id).update(received_at=timezone.now())
    return WebhookEvent.objects.get(event_id=event_id)


def apply(body: bytes, *, signed: bool = True) -> WebhookEvent:
    """An event, stored and looked at once."""
    event = keep(body, signed=signed)
    applying.apply_waiting(1)
    event.refresh_from_db()
    return event


def due_again(event: WebhookEvent) -> None:
    """As if the event's wait was over."""
    WebhookEvent.objects.filter(pk=event.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def sent_text(**fields: Any) -> Send:
    """A text that Revmo accepted a minute ago, to a contact, in a thread of its own."""
    if "contact" not in fields:
        fields["contact"] = make_contacts(1)[0]
    now = timezone.now()
    defaults = {
        "kind": Send.Kind.REPLY,
        "to": fields["contact"].phone if fields["contact"] else number(0),
        "state": Send.State.ACCEPTED,
        "thread_id": f"th_{next(_serial)}",
        "posted_at": now - timedelta(minutes=1),
        "finished_at": now - timedelta(minutes=1),
        "agent": fields.get("agent") or make_agent(),
    }
    if fields["contact"] is None:
        defaults["kind"] = Send.Kind.TEST
    if fields.get("state") == Send.State.POSTING:
        defaults |= {"finished_at": None, "lease_until": now + timedelta(minutes=1)}
    if fields.get("state") in (Send.State.UNKNOWN, Send.State.FAILED):
        defaults["reason"] = "The answer never came."
    return make_send(**defaults | fields)


def fresh() -> Conversation:
    """The only conversation, as pages read it."""
    return Conversation.objects.with_facts().select_related("contact", "agent__account").get()


def a_crowd() -> list[Contact]:
    """So many that PostgreSQL prefers an index, and knows how many they are."""
    agent = make_agent()
    people = Contact.objects.bulk_create(Contact(phone=f"+1202{5_000_000 + one}") for one in range(3_000))
    Conversation.objects.bulk_create(
        Conversation(contact=one, agent=agent, mode=Mode.SIMULATOR, last_message_at=timezone.now()) for one in people
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation, contacts_contact")
    return people
