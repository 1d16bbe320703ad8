"""The address as docs/webhook.openapi.yaml says it is: calls that schemathesis makes of that, right and wrong."""

import base64
import hmac
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance

from conversations.models import WebhookEvent
from tests.conversations.calls import SECRET
from tests.conversations.served import served
from tests.processes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "a-long-and-unguessable-token"
SIGNED, BY_TOKEN = "/webhooks/revmo/", "/webhooks/revmo/{token}/"
DOCUMENT = schemathesis.openapi.from_path(str(ROOT / "docs" / "webhook.openapi.yaml"))
EXAMPLES = 10_000 if "SOAK" in os.environ else 100
patiently = hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


@pytest.fixture
def origin(transactional_db: None) -> Iterator[str]:
    with served(REVMO_WEBHOOK_TOKEN=TOKEN) as port:
        yield f"http://127.0.0.1:{port}"


def cases(path: str, mode: GenerationMode) -> st.SearchStrategy[Case[Any]]:
    return DOCUMENT[path]["POST"].as_strategy(generation_mode=mode)


def sent(case: Case[Any], origin: str, prove: Callable[[bytes], dict[str, str]] | None = None) -> requests.Response:
    """The case over a socket, proven if asked; the answer is held against the document."""
    call = requests.Request(**case.as_transport_kwargs(base_url=origin))
    with requests.Session() as session:
        prepared = session.prepare_request(call)
        if prove is not None:
            prepared.headers.update(prove(_bytes(prepared.body)))
        answer = session.send(prepared, timeout=30, allow_redirects=False)
    case.validate_response(answer, checks=[not_a_server_error, status_code_conformance])
    return answer


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def signed(body: bytes) -> dict[str, str]:
    """The three headers over any bytes; the library that signs elsewhere takes text alone."""
    event_id, at = f"evt_{os.urandom(8).hex()}", str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{event_id}.{at}.".encode() + body, "sha256")
    return {
        "webhook-id": event_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@patiently
@given(case=cases(SIGNED, GenerationMode.POSITIVE))
def test_what_the_document_calls_right_is_understood_if_it_is_signed(origin: str, case: Case[Any]) -> None:
    assert sent(case, origin, signed).status_code == 200


@patiently
@given(case=cases(SIGNED, GenerationMode.POSITIVE))
def test_nothing_is_let_in_that_only_looks_signed(origin: str, case: Case[Any]) -> None:
    assert sent(case, origin).status_code == 401
    assert not WebhookEvent.objects.exists()


@patiently
@given(case=cases(SIGNED, GenerationMode.NEGATIVE))
def test_what_the_document_calls_wrong_is_kept_if_it_is_signed(origin: str, case: Case[Any]) -> None:
    before = WebhookEvent.objects.count()
    assert sent(case, origin, signed).status_code in {200, 202}
    assert WebhookEvent.objects.count() == before + 1


@patiently
@given(case=cases(BY_TOKEN, GenerationMode.POSITIVE))
def test_the_token_alone_lets_in(origin: str, case: Case[Any]) -> None:
    assert sent(case, origin).status_code == 401
    case.path_parameters["token"] = TOKEN
    assert sent(case, origin).status_code == 200
