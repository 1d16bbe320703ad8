"""Revmo's events in our words. All of the payload is our assumption, so every name in it can be set.

An event that is authentic but not understood raises `Uninterpretable` and nothing else, whatever its bytes are: it is
kept as it came and can be interpreted again once the field map knows better.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from revmo.foreign import identifier, json_object, storable

# Characters. Far beyond any text message.
MAX_TEXT = 10_000
MAX_WORD = 200

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Uninterpretable(ValueError):
    """The event cannot be understood; the text says why."""


class Kind(StrEnum):
    """What an event is about."""

    STATUS = "status"
    MESSAGE = "message"
    HANDOFF = "handoff"
    AGENT = "agent"
    TEST = "test"


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
    """A text of a thread; `body` is cut at MAX_TEXT."""

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


@dataclass(frozen=True, slots=True)
class TestEvent:
    """One that we have sent ourselves, to see that the way is open; it says nothing."""

    __test__ = False  # no test of pytest's
    thread_id: str
    at: datetime | None


Event = StatusEvent | MessageEvent | HandoffEvent | AgentEvent | TestEvent
# Ours, not Revmo's.
TEST_TYPE = "revmo_campaigns.test"

_KINDS = {
    "sms.status": Kind.STATUS,
    "sms.message": Kind.MESSAGE,
    "sms.handoff": Kind.HANDOFF,
    "sms.agent": Kind.AGENT,
    TEST_TYPE: Kind.TEST,
}
# Words of the trade that mean the same. "queued", "accepted" and "sending" are missing on purpose: the carrier has said
# nothing yet, and a text that is not sent must not be shown as sent. Such an event is kept, uninterpreted.
_STATUSES = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "undeliverable": Status.UNDELIVERED,
    "failed": Status.UNDELIVERED,
    "delivery_failed": Status.UNDELIVERED,
    "rejected": Status.UNDELIVERED,
    "expired": Status.UNDELIVERED,
}
_AUTHORS = {
    "contact": Author.CONTACT,
    "customer": Author.CONTACT,
    "user": Author.CONTACT,
    "agent": Author.AGENT,
    "assistant": Author.AGENT,
    "human": Author.HUMAN,
    "staff": Author.HUMAN,
}
_PATHS = {
    "type": ("type",),
    "at": ("timestamp",),
    "thread_id": ("data.thread_id", "data.threadId", "data.ThreadId", "data.external_id"),
    "message_id": ("data.message_id",),
    "from": ("data.from",),
    "to": ("data.to",),
    "author": ("data.author",),
    "body": ("data.body",),
    "status": ("data.status",),
    "error_code": ("data.error_code",),
    "error_message": ("data.error_message",),
    "metadata": ("data.metadata",),
    "reason": ("data.reason",),
    "agent_enabled": ("data.agent_enabled",),
}


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where to find what: dotted paths from the top of the body, the first that is there counts; and what words mean.

    Words are compared in lower case. `reference_key` is ours within the metadata; empty where none is sent.
    """

    kinds: Mapping[str, Kind] = field(default_factory=lambda: _KINDS)
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _PATHS)
    statuses: Mapping[str, Status] = field(default_factory=lambda: _STATUSES)
    authors: Mapping[str, Author] = field(default_factory=lambda: _AUTHORS)
    reference_key: str = "rc_send"


DEFAULT = FieldMap()
_WORDS = ("kinds", "statuses", "authors")


@lru_cache(maxsize=8)
def field_map(text: str, reference_key: str) -> FieldMap:
    """The default map with what a JSON text adds: `paths` by name, and `kinds`, `statuses`, `authors` by word.

    A path that is named replaces the default ones of that name; words are added. Raises ValueError with a sentence for
    whoever wrote it.
    """
    if not text.strip():
        return FieldMap(reference_key=reference_key)
    given = json_object(text.encode("utf-8", "replace"))
    if given is None or (unknown := sorted(set(given) - {"paths", *_WORDS})):
        part = f": {unknown[0]!r} is none of its parts" if given is not None else " is not a JSON object"
        raise ValueError(f"The map of webhook fields{part}. It has paths, kinds, statuses and authors.")
    return FieldMap(
        paths={**_PATHS, **_paths(given.get("paths", {}))},
        kinds={**_KINDS, **_meanings(given, "kinds", Kind)},
        statuses={**_STATUSES, **_meanings(given, "statuses", Status)},
        authors={**_AUTHORS, **_meanings(given, "authors", Author)},
        reference_key=reference_key,
    )


def _paths(given: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict) or (unknown := sorted(set(given) - set(_PATHS))):
        named = f" Not known: {unknown[0]!r}." if isinstance(given, dict) else ""
        raise ValueError(f"The paths of webhook fields stand under these names: {', '.join(_PATHS)}.{named}")
    listed = {name: [path] if isinstance(path, str) else path for name, path in given.items()}
    if any(
        not isinstance(path, list) or not all(isinstance(one, str) and one for one in path) for path in listed.values()
    ):
        raise ValueError("A path of the webhook fields is a text such as data.thread_id, or a list of them.")
    return {name: tuple(path) for name, path in listed.items()}


def _meanings(given: Mapping[str, Any], part: str, meanings: type[E]) -> dict[str, E]:
    words = given.get(part, {})
    if not isinstance(words, dict) or any(meaning not in set(meanings) for meaning in words.values()):
        raise ValueError(f"The {part} of webhook fields mean one of: {', '.join(meanings)}.")
    return {word.strip().lower(): meanings(meaning) for word, meaning in words.items()}


def normalise(body: bytes, field_map: FieldMap = DEFAULT) -> Event:
    """The event in our words. Raises Uninterpretable."""
    content = json_object(body)
    if content is None:
        raise Uninterpretable("the event is not a JSON object")
    reader = _Reader(content, field_map)
    kind = reader.meaning("type", field_map.kinds, "an event of a kind that we do not know")
    return _READERS[kind](reader)


@dataclass(frozen=True, slots=True)
class _Reader:
    content: Mapping[str, Any]
    field_map: FieldMap

    def find(self, name: str) -> Any:
        """What stands at the first path that is there and not null; None without one."""
        for path in self.field_map.paths.get(name, ()):
            value: Any = self.content
            for step in path.split("."):
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                return value
        return None

    def word(self, name: str) -> str:
        """A short text or whole number, for show; empty where it is anything else."""
        value = self.find(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        return storable(str(value), MAX_WORD)

    def identifier(self, name: str) -> str:
        """An id; empty where it is missing, or is none."""
        return identifier(self.find(name))

    def meaning(self, name: str, words: Mapping[str, T], complaint: str) -> T:
        """What a word means. Raises Uninterpretable with the complaint where it is not known."""
        word = self.word(name)
        meaning = words.get(word.strip().lower())
        if meaning is None:
            raise Uninterpretable(f"{complaint}: {word[:100]!r}" if word else f"{complaint}: none is named")
        return meaning

    def thread_id(self) -> str:
        """The thread, without which the event says nothing. Raises Uninterpretable."""
        thread_id = self.identifier("thread_id")
        if not thread_id:
            raise Uninterpretable("the event names no thread")
        return thread_id

    def reference(self) -> str:
        """Our own reference, if the metadata came back with it."""
        metadata = self.find("metadata")
        return identifier(metadata.get(self.field_map.reference_key)) if isinstance(metadata, dict) else ""

    def at(self) -> datetime | None:
        """When it happened, in UTC (which a time without a zone is taken to be); None without a readable time."""
        value = self.find("at")
        if not isinstance(value, str):
            return None
        try:
            instant = datetime.fromisoformat(value)
            return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def _status(reader: _Reader) -> StatusEvent:
    reference = reader.reference()
    return StatusEvent(
        thread_id=reader.identifier("thread_id") if reference else reader.thread_id(),
        to=reader.identifier("to"),
        status=reader.meaning("status", reader.field_map.statuses, "a status that says nothing we keep"),
        error_code=reader.word("error_code"),
        error_message=reader.word("error_message"),
        reference=reference,
        at=reader.at(),
    )


def _message(reader: _Reader) -> MessageEvent:
    body = reader.find("body")
    if not isinstance(body, str):  # never an empty text in its place: it may have been a STOP
        raise Uninterpretable("the event holds no text")
    event = MessageEvent(
        thread_id=reader.identifier("thread_id"),
        message_id=reader.identifier("message_id"),
        sender=reader.identifier("from"),
        to=reader.identifier("to"),
        author=reader.meaning("author", reader.field_map.authors, "the event does not say who wrote the text"),
        body=storable(body, MAX_TEXT),
        at=reader.at(),
    )
    if not (event.thread_id or event.sender or event.to):
        raise Uninterpretable("the event names neither a thread nor a number")
    return event


def _handoff(reader: _Reader) -> HandoffEvent:
    return HandoffEvent(reader.thread_id(), reader.word("reason"), reader.at())


def _agent(reader: _Reader) -> AgentEvent:
    enabled = reader.find("agent_enabled")
    if not isinstance(enabled, bool):
        raise Uninterpretable("the event does not say whether the agent is on")
    return AgentEvent(reader.thread_id(), enabled, reader.at())


def _test(reader: _Reader) -> TestEvent:
    return TestEvent("", reader.at())


_READERS: Mapping[Kind, Callable[[_Reader], Event]] = {
    Kind.STATUS: _status,
    Kind.MESSAGE: _message,
    Kind.HANDOFF: _handoff,
    Kind.AGENT: _agent,
    Kind.TEST: _test,
}
