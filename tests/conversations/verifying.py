"""What every way of proving that a call is Revmo's must withstand.

A verifier's test class inherits `VerifierCases` and says how its calls are proven; each case then holds for it as well.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conversations import tasks, webhooks
from conversations.models import WebhookEvent
from tests.conversations.calls import call

BODY = call("sms.handoff", thread_id="th_1", reason="asks for a person")
# Not let in, no such address, or one that is for people, who sign in.
REFUSED = {401, 404, 302}
# Parts of a proof by their names.
Proof = dict[str, str]

SPOILT: dict[str, Callable[[str], str]] = {
    "nothing": lambda value: "",
    "blanks": lambda value: "   ",
    "cut": lambda value: value[:-2],
    "its first letter gone": lambda value: value[1:],
    "a letter before it": lambda value: f"A{value}",
    "another case": str.swapcase,
    "backwards": lambda value: value[::-1],
    "twice": lambda value: f"{value},{value}",
    "endless": lambda value: value[:1] * 5_000,
    "a nul": lambda value: f"\0{value}",
    "not ASCII": lambda value: "ÿþý",
    "wider digits": lambda value: value.translate({ord("0") + n: 0xFF10 + n for n in range(10)}) + "ａ",
    "no number": lambda value: "NaN",
    "beyond any number": lambda value: "1e400",
    "an escape": lambda value: "%00",
    "markup": lambda value: "<script>",
    "a bare version": lambda value: "v1",
    "an empty signature": lambda value: "v1,",
    "commas": lambda value: "v1,a,b",
    "several": lambda value: "v1,a  v1,b",
    "another version": lambda value: "v2," + "A" * 44,
    "some signature": lambda value: "v1," + "A" * 44,
}


@pytest.mark.django_db
class VerifierCases(ABC):
    """One way of proving a call: at the address of this name, with a key that both sides hold."""

    route: ClassVar[str]
    # Whether what comes so may do everything, and whether the proof is one of these bytes.
    signed: ClassVar[bool]
    covers_bytes: ClassVar[bool]
    key: ClassVar[str]
    other_key: ClassVar[str]
    # Settings that let nobody in.
    useless_keys: ClassVar[tuple[str, ...]] = ("",)

    @abstractmethod
    def know(self, settings: Any, key: str) -> None:
        """Take calls that are proven with this key, and no others."""

    @abstractmethod
    def proof(self, body: bytes, key: str, event_id: str = "evt_1") -> Proof:
        """As somebody proves it who holds the key."""

    @abstractmethod
    def deliver(self, client: Client, proof: Proof, body: bytes = BODY, method: str = "post") -> int:
        """The answer to a call with this proof."""

    @pytest.fixture(autouse=True)
    def _key(self, settings: Any) -> None:
        self.know(settings, self.key)
        tasks.wakes.forget()

    def refused(self, client: Client, proof: Proof, body: bytes = BODY) -> bool:
        return self.deliver(client, proof, body) in REFUSED and not WebhookEvent.objects.exists()

    def test_who_holds_the_key_is_let_in_and_what_may_be_done_is_noted(self, client: Client) -> None:
        assert self.deliver(client, self.proof(BODY, self.key)) == 200
        event = WebhookEvent.objects.get()
        assert (bytes(event.body), event.signed) == (BODY, self.signed)

    def test_a_call_that_is_played_again_is_taken_and_kept_once(self, client: Client) -> None:
        proof = self.proof(BODY, self.key)
        assert [self.deliver(client, proof) for _ in range(3)] == [200, 200, 200]
        assert WebhookEvent.objects.count() == 1

    @pytest.mark.parametrize("how", SPOILT)
    def test_a_spoilt_part_is_no_proof(self, client: Client, how: str) -> None:
        proof = self.proof(BODY, self.key)
        for part, value in proof.items():
            spoilt = SPOILT[how](value)
            if spoilt != value:
                assert self.refused(client, proof | {part: spoilt}), part

    def test_a_missing_part_is_no_proof(self, client: Client) -> None:
        proof = self.proof(BODY, self.key)
        for part in proof:
            assert self.refused(client, {name: value for name, value in proof.items() if name != part}), part

    def test_nobody_is_let_in_without_a_proof(self, client: Client) -> None:
        assert self.refused(client, {})

    def test_another_key_is_no_proof(self, client: Client) -> None:
        assert self.refused(client, self.proof(BODY, self.other_key))

    def test_an_old_key_is_none_any_more(self, client: Client, settings: Any) -> None:
        self.know(settings, self.other_key)
        assert self.refused(client, self.proof(BODY, self.key))
        assert self.deliver(client, self.proof(BODY, self.other_key)) == 200

    def test_without_a_key_of_ours_nobody_holds_it(self, client: Client, settings: Any) -> None:
        for useless in self.useless_keys:
            self.know(settings, useless)
            assert self.refused(client, self.proof(BODY, self.key)), useless

    def test_the_proof_is_one_of_these_bytes(self, client: Client) -> None:
        proof = self.proof(BODY, self.key)
        for changed in (BODY[:-1], BODY + b" ", BODY.replace(b": ", b":"), b"\xff" + BODY, b"\xef\xbb\xbf" + BODY, b""):
            if self.covers_bytes:
                assert self.refused(client, proof, changed)
            else:
                assert self.deliver(client, proof, changed) in {200, 202}

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[" * 100_000,
            b'{"n": ' + b"9" * 5_000 + b"}",
            b'{"type": "\\ud800", "data": {"thread_id": "\\u0000"}}',
            '{"type": "sms.handoff"}'.encode("utf-16"),
            "{“é”}".encode("cp1252"),
            b"\x00" * 64,
        ],
    )
    def test_no_body_is_an_error_of_ours(self, client: Client, body: bytes) -> None:
        status = self.deliver(client, self.proof(body, self.key), body)
        assert status in {200, 202, 401}
        assert WebhookEvent.objects.count() == (status != 401)

    def test_a_body_over_the_cap_is_refused_although_it_is_proven(self, client: Client) -> None:
        body = b"x" * (webhooks.MAX_BODY + 1)
        assert self.deliver(client, self.proof(body, self.key), body) == 413
        assert not WebhookEvent.objects.exists()

    @pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
    def test_nothing_but_post_is_answered(self, client: Client, method: str) -> None:
        assert self.deliver(client, self.proof(BODY, self.key), BODY, method) == 405
        assert not WebhookEvent.objects.exists()

    def test_no_log_holds_the_key_or_a_proof(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        large = b"x" * (webhooks.MAX_BODY + 1)
        with caplog.at_level(logging.DEBUG):
            for body in (BODY, large):
                self.deliver(client, self.proof(body, self.key), body)
                self.deliver(client, self.proof(body, self.other_key), body)
        for held in (self.key, self.other_key):
            assert held not in caplog.text
            assert held.removeprefix("whsec_") not in caplog.text

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_no_junk_is_let_in_or_stumbled_over(self, client: Client, data: st.DataObject) -> None:
        junk = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
        proof = {part: data.draw(junk) for part in self.proof(BODY, self.key)}
        assert self.refused(client, proof, data.draw(st.binary(max_size=200)))

    def test_the_same_event_days_later_has_no_second_effect(self, client: Client) -> None:
        """A sender tries for days, under one id, with a proof of its own each time."""
        with time_machine.travel(datetime.now(UTC) - timedelta(days=6), tick=False):
            assert self.deliver(client, self.proof(BODY, self.key)) == 200
        assert self.deliver(client, self.proof(BODY, self.key)) == 200
        assert WebhookEvent.objects.count() == 1
