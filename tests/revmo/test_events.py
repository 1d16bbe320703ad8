import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revmo.events import (
    AgentEvent,
    Author,
    Event,
    FieldMap,
    HandoffEvent,
    Kind,
    MessageEvent,
    Status,
    StatusEvent,
    Uninterpretable,
    field_map,
    normalise,
)

FIXTURES = Path(__file__).parent.parent / "fixtures" / "webhooks"
UTC_2026 = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
REQUIRED: dict[str, dict[str, Any]] = {
    "sms.status": {"thread_id": "th_1", "to": "+12025550123", "status": "sent"},
    "sms.message": {"thread_id": "th_1", "from": "+12025550123", "author": "contact", "body": "Hi"},
    "sms.handoff": {"thread_id": "th_1"},
    "sms.agent": {"thread_id": "th_1", "agent_enabled": True},
}


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def event(kind: str, timestamp: object = "2026-03-02T17:30:00Z", **data: Any) -> Event:
    """A well-formed event, unless `data` spoils it."""
    return normalise(json.dumps({"type": kind, "timestamp": timestamp, "data": REQUIRED[kind] | data}).encode())


def status(**data: Any) -> StatusEvent:
    found = event("sms.status", **data)
    assert isinstance(found, StatusEvent)
    return found


def message(**data: Any) -> MessageEvent:
    found = event("sms.message", **data)
    assert isinstance(found, MessageEvent)
    return found


class TestEachKind:
    def test_a_status(self) -> None:
        assert normalise(fixture("status")) == StatusEvent(
            thread_id="th_5c1e",
            to="+12025550123",
            status=Status.UNDELIVERED,
            error_code="30003",
            error_message="Unreachable destination handset",
            reference="17.c2lnbmF0dXJl",
            at=datetime(2026, 3, 2, 17, 30, 5, tzinfo=UTC),
        )

    def test_a_message(self) -> None:
        assert normalise(fixture("message")) == MessageEvent(
            thread_id="th_5c1e",
            message_id="m_2",
            sender="+12025550123",
            to="+12025550100",
            author=Author.CONTACT,
            body="Yes, 3 pm works — thank you 🙂",
            at=datetime(2026, 3, 2, 17, 31, 0, 250_000, tzinfo=UTC),
        )

    def test_a_hand_over(self) -> None:
        at = datetime(2026, 3, 2, 17, 32, tzinfo=UTC)
        assert normalise(fixture("handoff")) == HandoffEvent("th_5c1e", "The customer asks for a person.", at)

    def test_a_switch_of_the_agent(self) -> None:
        at = datetime(2026, 3, 2, 17, 33, tzinfo=UTC)
        assert normalise(fixture("agent")) == AgentEvent("th_5c1e", enabled=False, at=at)


class TestWords:
    @pytest.mark.parametrize(
        ("word", "meaning"),
        [
            ("sent", Status.SENT),
            ("delivered", Status.DELIVERED),
            (" Delivered ", Status.DELIVERED),
            ("READ", Status.DELIVERED),
            ("undelivered", Status.UNDELIVERED),
            ("undeliverable", Status.UNDELIVERED),
            ("failed", Status.UNDELIVERED),
            ("delivery_failed", Status.UNDELIVERED),
            ("rejected", Status.UNDELIVERED),
            ("expired", Status.UNDELIVERED),
        ],
    )
    def test_a_status_may_be_said_in_several_ways(self, word: str, meaning: Status) -> None:
        assert status(status=word).status is meaning

    @pytest.mark.parametrize("word", ["queued", "accepted", "sending", "scheduled", "", None, 3, True, ["sent"]])
    def test_a_text_of_which_the_carrier_said_nothing_is_not_shown_as_sent(self, word: object) -> None:
        with pytest.raises(Uninterpretable, match="a status that says nothing we keep"):
            status(status=word)

    @pytest.mark.parametrize(
        ("word", "author"),
        [
            ("contact", Author.CONTACT),
            ("Customer", Author.CONTACT),
            ("user", Author.CONTACT),
            ("agent", Author.AGENT),
            ("assistant", Author.AGENT),
            ("human", Author.HUMAN),
            ("staff", Author.HUMAN),
        ],
    )
    def test_an_author_may_be_named_in_several_ways(self, word: str, author: Author) -> None:
        assert message(author=word).author is author


class TestTolerance:
    @pytest.mark.parametrize("name", ["thread_id", "threadId", "ThreadId", "external_id"])
    def test_a_thread_may_stand_under_several_names(self, name: str) -> None:
        assert status(**{"thread_id": None, name: "th_9"}).thread_id == "th_9"

    def test_unknown_fields_are_no_matter(self) -> None:
        assert status(carrier="x", metadata={"rc_send": "r", "more": [1]}).reference == "r"

    def test_our_reference_stands_in_for_the_thread(self) -> None:
        assert status(thread_id=None, metadata={"rc_send": "17.x"}).thread_id == ""

    @pytest.mark.parametrize("metadata", [None, "rc_send", ["rc_send"], {}, {"rc_send": ["r"]}, {"rc_send": "r\x00"}])
    def test_metadata_without_our_reference_is_no_matter(self, metadata: object) -> None:
        assert status(metadata=metadata).reference == ""

    def test_numbers_may_stand_for_texts(self) -> None:
        found = status(thread_id=4711, error_code=30003)
        assert (found.thread_id, found.error_code) == ("4711", "30003")

    def test_an_empty_text_is_a_text(self) -> None:
        assert message(body="").body == ""

    def test_texts_are_cut_and_can_be_stored(self) -> None:
        assert len(message(body="x" * 20_000).body) == 10_000
        assert message(body="a\x00b\ud83dc").body == "ab?c"
        assert len(status(error_message="x" * 900).error_message) == 200

    @pytest.mark.parametrize(
        ("timestamp", "at"),
        [
            ("2026-03-02T17:30:00Z", UTC_2026),
            ("2026-03-02T12:30:00-05:00", UTC_2026),
            ("2026-03-02T17:30:00", UTC_2026),
            ("2026-03-02 17:30:00+00:00", UTC_2026),
        ],
    )
    def test_times_are_turned_to_utc(self, timestamp: str, at: datetime) -> None:
        found = event("sms.status", timestamp).at
        assert found == at
        assert found.tzinfo is UTC

    @pytest.mark.parametrize("timestamp", [None, "", "soon", 1772472600, True, [], "0001-01-01T00:00:00+14:00"])
    def test_a_time_that_cannot_be_read_is_none(self, timestamp: object) -> None:
        assert event("sms.status", timestamp).at is None

    def test_another_shape_needs_another_map_only(self) -> None:
        fields = FieldMap(
            kinds={"delivery-report": Kind.STATUS},
            paths={"type": ("event",), "thread_id": ("sms.thread",), "status": ("sms.state",), "metadata": ("meta",)},
            statuses={"arrived": Status.DELIVERED},
            reference_key="ours",
        )
        body = {"event": "Delivery-Report", "sms": {"thread": "t", "state": "ARRIVED"}, "meta": {"ours": "r"}}

        found = normalise(json.dumps(body).encode(), fields)

        assert found == StatusEvent("t", "", Status.DELIVERED, "", "", "r", None)


class TestAuthenticButOdd:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"hello",
            b"[]",
            b"null",
            b"\xff\xfe{",
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"type": 1' + b"0" * 10_000 + b"}",
        ],
    )
    def test_what_is_no_object_is_said_so(self, body: bytes) -> None:
        with pytest.raises(Uninterpretable, match="not a JSON object"):
            normalise(body)

    @pytest.mark.parametrize("kind", ["sms.poem", "", None, 7, ["sms.status"], {"sms.status": 1}])
    def test_a_kind_that_we_do_not_know(self, kind: object) -> None:
        with pytest.raises(Uninterpretable, match="a kind that we do not know"):
            normalise(json.dumps({"type": kind, "data": {}}).encode())

    @pytest.mark.parametrize("kind", ["sms.status", "sms.handoff", "sms.agent"])
    @pytest.mark.parametrize("thread_id", [None, "", " ", [], True, "x" * 201, "a\x00b"])
    def test_no_thread(self, kind: str, thread_id: object) -> None:
        with pytest.raises(Uninterpretable, match="names no thread"):
            event(kind, thread_id=thread_id)

    @pytest.mark.parametrize("body", [None, 7, ["STOP"], {"text": "STOP"}])
    def test_a_reply_in_another_shape_is_never_taken_for_an_empty_one(self, body: object) -> None:
        with pytest.raises(Uninterpretable, match="holds no text"):
            message(body=body)

    @pytest.mark.parametrize("author", [None, "", "robot", 1])
    def test_a_text_of_nobody(self, author: object) -> None:
        with pytest.raises(Uninterpretable, match="does not say who wrote"):
            message(author=author)

    def test_a_text_from_nowhere(self) -> None:
        with pytest.raises(Uninterpretable, match="neither a thread nor a number"):
            message(thread_id=None, **{"from": None})

    @pytest.mark.parametrize("enabled", [None, "true", 1, "off"])
    def test_an_agent_neither_on_nor_off(self, enabled: object) -> None:
        with pytest.raises(Uninterpretable, match="whether the agent is on"):
            event("sms.agent", agent_enabled=enabled)

    @pytest.mark.parametrize("data", [None, [], "x", 3])
    def test_no_data(self, data: object) -> None:
        for kind in REQUIRED:
            with pytest.raises(Uninterpretable):
                normalise(json.dumps({"type": kind, "data": data}).encode())

    def test_of_two_fields_of_one_name_the_last_counts(self) -> None:
        found = normalise(b'{"type":"sms.agent","type":"sms.handoff","data":{"thread_id":"a","thread_id":"b"}}')
        assert found == HandoffEvent("b", "", None)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None, codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
likely = st.sampled_from([*REQUIRED, "sent", "delivered", "contact", "agent", "th_1", "2026-03-02T17:30:00Z"])
names = st.sampled_from(
    ["thread_id", "to", "from", "status", "author", "body", "metadata", "rc_send", "agent_enabled", "reason"]
)
contents = st.fixed_dictionaries(
    {"type": likely | anything},
    optional={"timestamp": likely | anything, "data": st.dictionaries(names, likely | anything) | anything},
)


class TestHostility:
    @given(contents)
    def test_an_event_is_understood_or_uninterpretable(self, content: dict[str, Any]) -> None:
        self._holds(json.dumps(content).encode())

    @given(st.binary(max_size=300))
    def test_so_are_bytes(self, body: bytes) -> None:
        self._holds(body)

    def _holds(self, body: bytes) -> None:
        found = complaint = None
        try:
            found = normalise(body)
        except Uninterpretable as problem:
            complaint = str(problem)
        texts = [complaint] if found is None else [getattr(found, name) for name in found.__slots__]
        assert found is None or found.at is None or found.at.tzinfo is UTC
        for text in texts:
            if isinstance(text, str):
                assert "\x00" not in text
                text.encode()


class TestFieldMapOfASetting:
    TEXT = json.dumps(
        {
            "paths": {
                "type": "event",
                "thread_id": ["conversation.id", "cid"],
                "body": "message.text",
                "from": "msisdn",
            },
            "kinds": {"Message.Received": "message"},
            "authors": {"end_user": "contact"},
        }
    )

    def test_it_reads_events_of_another_shape(self) -> None:
        body = {
            "event": "message.received",
            "cid": "c1",
            "message": {"text": "STOP"},
            "msisdn": "+12025550101",
            "data": {"author": "end_user"},
        }
        event = normalise(json.dumps(body).encode(), field_map(self.TEXT, "rc_send"))
        assert isinstance(event, MessageEvent)
        assert (event.thread_id, event.body, event.sender) == ("c1", "STOP", "+12025550101")

    def test_it_adds_to_the_words_that_are_known(self) -> None:
        fields = field_map('{"statuses": {"dlvrd": "delivered"}}', "ref")
        assert fields.statuses["dlvrd"] is Status.DELIVERED
        assert fields.statuses["sent"] is Status.SENT
        assert fields.reference_key == "ref"

    @pytest.mark.parametrize(
        "text",
        ["{", "[]", '{"path": {}}', '{"paths": {"nonsense": "a"}}', '{"paths": {"to": 5}}', '{"kinds": {"a": "b"}}'],
    )
    def test_it_says_what_is_wrong_with_it(self, text: str) -> None:
        with pytest.raises(ValueError, match="webhook fields"):
            field_map(text, "rc_send")

    @given(st.text(max_size=60))
    def test_no_text_does_more_than_that(self, text: str) -> None:
        with contextlib.suppress(ValueError):
            field_map(text, "rc_send")
