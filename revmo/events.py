"""Revmo's events in our words. The payload is our assumption, so the names of its fields can be set.

An event that is authentic but not understood raises `Uninterpretable` and nothing else, whatever its bytes are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

MAX_TEXT = 10_000


class Uninterpretable(ValueError):
    """The event cannot be understood; the text says why."""


class Status(StrEnum):
    """What the carrier said."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class Author(StrEnum):
    """Who wrote a text."""

    CONTACT = "contact"
    AGENT = "agent"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where to find what: names of fields under `data`, and words for kinds, statuses and authors."""

    kinds: Mapping[str, str] = field(
        default_factory=lambda: {
            "sms.status": "status",
            "sms.message": "message",
            "sms.handoff": "handoff",
            "sms.agent": "agent",
        }
    )
    names: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"thread_id": ("thread_id", "threadId", "ThreadId", "external_id")}
    )
    statuses: Mapping[str, Status] = field(
        default_factory=lambda: {
            "queued": Status.SENT,
            "sent": Status.SENT,
            "delivered": Status.DELIVERED,
            "undelivered": Status.UNDELIVERED,
            "failed": Status.UNDELIVERED,
        }
    )
    authors: Mapping[str, Author] = field(
        default_factory=lambda: {
            "contact": Author.CONTACT,
            "customer": Author.CONTACT,
            "user": Author.CONTACT,
            "agent": Author.AGENT,
            "assistant": Author.AGENT,
            "human": Author.HUMAN,
            "staff": Author.HUMAN,
        }
    )
    reference_key: str = "rc_send"


DEFAULT = FieldMap()


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """What became of a text. `reference` is ours, echoed in the metadata; `at` is UTC."""

    thread_id: str
    to: str
    status: Status
    error_code: str
    error_message: str
    reference: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """A text of a thread."""

    thread_id: str
    message_id: str
    sender: str
    to: str
    author: Author
    body: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class HandoffEvent:
    """The agent asks for a human."""

    thread_id: str
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Somebody switched the agent in Revmo's own interface."""

    thread_id: str
    enabled: bool
    at: datetime | None


Event = StatusEvent | MessageEvent | HandoffEvent | AgentEvent


def normalise(body: bytes, field_map: FieldMap = DEFAULT) -> Event:
    """The event in our words. Raises Uninterpretable."""
    value = _parse(body)
    kind = field_map.kinds.get(str(value.get("type", "")))
    data = value.get("data")
    if kind is None:
        raise Uninterpretable(f"an event of a kind that we do not know: {str(value.get('type', ''))[:100]!r}")
    if not isinstance(data, dict):
        raise Uninterpretable("the event has no data")
    reader = _Reader(data, field_map)
    at = _instant(value.get("timestamp"))
    if kind == "status":
        return _status(reader, at)
    if kind == "message":
        return _message(reader, at)
    if kind == "handoff":
        return HandoffEvent(reader.required("thread_id"), reader.text("reason"), at)
    enabled = data.get("agent_enabled")
    if not isinstance(enabled, bool):
        raise Uninterpretable("the event does not say whether the agent is on")
    return AgentEvent(reader.required("thread_id"), enabled, at)


def _status(reader: "_Reader", at: datetime | None) -> StatusEvent:
    word = reader.text("status").lower()
    status = reader.field_map.statuses.get(word)
    if status is None:
        raise Uninterpretable(f"a status that we do not know: {word[:100]!r}")
    metadata = reader.data.get("metadata")
    reference = metadata.get(reader.field_map.reference_key, "") if isinstance(metadata, dict) else ""
    event = StatusEvent(
        thread_id=reader.text("thread_id"),
        to=reader.text("to"),
        status=status,
        error_code=reader.text("error_code"),
        error_message=reader.text("error_message"),
        reference=reference if isinstance(reference, str) else "",
        at=at,
    )
    if not event.thread_id and not event.reference:
        raise Uninterpretable("the event names no thread")
    return event


def _message(reader: "_Reader", at: datetime | None) -> MessageEvent:
    author = reader.field_map.authors.get(reader.text("author").lower())
    if author is None:
        raise Uninterpretable("the event does not say who wrote the text")
    return MessageEvent(
        thread_id=reader.text("thread_id"),
        message_id=reader.text("message_id"),
        sender=reader.text("from"),
        to=reader.text("to"),
        author=author,
        body=reader.text("body", MAX_TEXT),
        at=at,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    data: Mapping[str, Any]
    field_map: FieldMap

    def text(self, name: str, limit: int = 200) -> str:
        """The first field that carries this as text or number, cut at `limit`; PostgreSQL takes no NUL in a text."""
        for candidate in self.field_map.names.get(name, (name,)):
            value = self.data.get(candidate)
            if isinstance(value, str | int) and not isinstance(value, bool):
                return _storable(str(value)[:limit] if isinstance(value, str) else _digits(value, limit))
        return ""

    def required(self, name: str) -> str:
        """The same; Uninterpretable where it is missing."""
        value = self.text(name)
        if not value:
            raise Uninterpretable(f"the event has no {name}")
        return value


def _digits(value: int, limit: int) -> str:
    try:
        return str(value)[:limit]
    except ValueError:  # beyond Python's limit for turning numbers into text
        return ""


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise Uninterpretable("the event is not JSON") from problem
    if not isinstance(value, dict):
        raise Uninterpretable("the event is not a JSON object")
    return value


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
