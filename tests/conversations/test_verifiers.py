"""Each way of proving that a call is Revmo's, through the cases of all and those of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from conversations.models import WebhookEvent
from conversations.urls import urlpatterns
from conversations.webhooks import receive
from tests.conversations.calls import OTHER_SECRET, SECRET, post, signature
from tests.conversations.verifying import BODY, Proof, VerifierCases

TOKEN = "a-long-and-unguessable-token"


class TestSignature(VerifierCases):
    """Standard Webhooks: three headers over the raw bytes."""

    route = "webhook"
    signed = True
    covers_bytes = True
    key, other_key = SECRET, OTHER_SECRET
    useless_keys = ("", " , ", "whsec_", "not base64!", f"{SECRET} {OTHER_SECRET}")

    def know(self, settings: Any, key: str) -> None:
        settings.REVMO_WEBHOOK_SECRETS = key

    def proof(self, body: bytes, key: str, event_id: str = "evt_1") -> Proof:
        try:
            return signature(body, event_id, key)
        except UnicodeDecodeError:  # the library that signs takes text alone
            return signature(b"", event_id, key)

    def deliver(self, client: Client, proof: Proof, body: bytes = BODY, method: str = "post") -> int:
        send = getattr(client, method)
        sent = {"data": body, "content_type": "application/json"} if method in {"post", "put", "delete"} else {}
        status: int = send("/webhooks/revmo/", headers=proof, **sent).status_code
        return status

    def test_the_old_and_the_new_secret_count_while_they_are_rotated(self, client: Client, settings: Any) -> None:
        self.know(settings, f"{OTHER_SECRET}, {SECRET}")
        for n, secret in enumerate((SECRET, OTHER_SECRET)):
            assert self.deliver(client, self.proof(BODY, secret, f"evt_{n}")) == 200

    def test_signatures_of_other_versions_are_passed_over(self, client: Client) -> None:
        proof = self.proof(BODY, self.key)
        proof["webhook-signature"] = f"v2,AAAA v1a,{'A' * 88} {proof['webhook-signature']}"
        assert self.deliver(client, proof) == 200

    @pytest.mark.parametrize(("seconds", "status"), [(-290, 200), (290, 200), (-310, 401), (310, 401)])
    def test_a_signature_counts_for_five_minutes(self, client: Client, seconds: int, status: int) -> None:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        assert self.deliver(client, signature(BODY, "evt_1", at=at)) == status

    def test_a_signature_of_another_id_or_time_is_none(self, client: Client) -> None:
        ours, others = self.proof(BODY, self.key), self.proof(BODY, self.key, "evt_2")
        assert self.refused(client, ours | {"webhook-id": others["webhook-id"]})
        then = signature(BODY, "evt_1", at=datetime.now(UTC) - timedelta(seconds=60))
        assert self.refused(client, ours | {"webhook-timestamp": then["webhook-timestamp"]})

    def test_a_token_is_no_signature(self, client: Client, settings: Any) -> None:
        settings.REVMO_WEBHOOK_TOKEN = TOKEN
        assert self.refused(client, self.proof(BODY, self.key) | {"webhook-signature": TOKEN})


class TestToken(VerifierCases):
    """A secret address: whoever knows it may opt people out, and nothing that would let a text go."""

    route = "webhook_with_token"
    signed = False
    covers_bytes = False
    key, other_key = TOKEN, "another-long-and-unguessable-token"

    def know(self, settings: Any, key: str) -> None:
        settings.REVMO_WEBHOOK_TOKEN = key
        settings.REVMO_WEBHOOK_SECRETS = SECRET

    def proof(self, body: bytes, key: str, event_id: str = "evt_1") -> Proof:
        return {"token": key}

    def deliver(self, client: Client, proof: Proof, body: bytes = BODY, method: str = "post") -> int:
        send = getattr(client, method)
        sent = {"data": body, "content_type": "application/json"} if method in {"post", "put", "delete"} else {}
        token = quote(proof.get("token", ""), safe="")
        address = f"/webhooks/revmo/{token}/" if token else "/webhooks/revmo//"
        status: int = send(address, headers={"webhook-id": "evt_1"}, **sent).status_code
        return status

    def test_without_an_id_the_same_bytes_are_kept_once_a_day(self, client: Client) -> None:
        for _ in range(2):
            client.post(f"/webhooks/revmo/{TOKEN}/", BODY, content_type="application/json")
        assert WebhookEvent.objects.count() == 1

    def test_an_unsigned_event_cannot_keep_a_signed_one_out(self, client: Client) -> None:
        assert self.deliver(client, self.proof(BODY, self.key)) == 200
        assert post(client, BODY, "evt_1").status_code == 200
        assert WebhookEvent.objects.get(signed=True).event_id == "evt_1"

    @pytest.mark.parametrize("event_id", ["e" * 5_000, "ÿ\x7f", "\u2028"])
    def test_any_id_is_kept(self, client: Client, event_id: str) -> None:
        address = f"/webhooks/revmo/{TOKEN}/"
        headers = {"webhook-id": event_id}
        assert client.post(address, BODY, content_type="application/json", headers=headers).status_code == 200

    def test_a_signature_is_no_token(self, client: Client) -> None:
        headers = signature(BODY, "evt_1")
        response = client.post("/webhooks/revmo/wrong/", BODY, content_type="application/json", headers=headers)
        assert response.status_code == 401


def test_every_address_that_takes_events_goes_through_all_cases() -> None:
    takes_events = {pattern.name for pattern in urlpatterns if pattern.callback is receive}
    assert takes_events == {cases.route for cases in VerifierCases.__subclasses__()}
