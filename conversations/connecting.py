"""Is the way from Revmo to us open? A signed event of our own through the real address, and what came in lately."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from campaigns.models import Mode
from conversations import refusals
from conversations.models import WebhookEvent
from conversations.webhooks import MAX_BODY, receive
from revmo.events import TEST_TYPE
from revmo.signatures import ID, SIGNATURE, TIMESTAMP, parse_secrets

LATELY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of an event of our own: the answer, and the event where it was kept."""

    status: int
    event: WebhookEvent | None


class CannotTry(ValueError):
    """There is no way in; the text says what to set."""


def send_to_ourselves() -> Tried:
    """One event through the very code that Revmo calls, signed with the newest secret, else by the token.

    Raises CannotTry.
    """
    event_id = f"test_{token_hex(12)}"
    now = datetime.now(UTC)
    body = json.dumps({"type": TEST_TYPE, "timestamp": now.isoformat(), "data": {}}).encode()
    headers, arguments = _credentials(event_id, now, body)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": reverse("webhook"),
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "https",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
    )
    status = receive(request, **arguments).status_code
    kept = WebhookEvent.objects.filter(event_id__in=[event_id, f"url:{event_id}"]).first()
    return Tried(status, kept)


def _credentials(event_id: str, now: datetime, body: bytes) -> tuple[dict[str, str], dict[str, str]]:
    try:
        secrets = parse_secrets(settings.REVMO_WEBHOOK_SECRETS)
    except ValueError as problem:
        raise CannotTry(str(problem)) from problem
    headers = {ID: event_id, TIMESTAMP: str(int(now.timestamp()))}
    if secrets:
        return {**headers, SIGNATURE: Webhook(secrets[0]).sign(event_id, now, body.decode())}, {}
    if settings.REVMO_WEBHOOK_TOKEN:
        return headers, {"token": settings.REVMO_WEBHOOK_TOKEN}
    raise CannotTry("Nobody can be let in yet: set REVMO_WEBHOOK_SECRETS, and start the web process again.")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page's table: what, how many, and the list that holds them, if any."""

    label: str
    count: int
    query: str = ""


def lately(now: datetime) -> list[Row]:
    """What came in during the last minutes, by what became of it."""
    recent = WebhookEvent.objects.filter(received_at__gte=now - LATELY, mode=Mode.current())
    counts = dict(recent.order_by().values_list("state").annotate(Count("pk")))
    start = (now - LATELY).isoformat()
    return [
        Row(
            state.label, counts.get(state.value, 0), urlencode({"state__exact": state.value, "received_at__gte": start})
        )
        for state in WebhookEvent.State
    ]


def refused(now: datetime) -> list[Row]:
    """What was not let in during the last minutes, and why."""
    return [Row(reason[:1].upper() + reason[1:], count) for reason, count in refusals.since(now - LATELY)]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a proxy in front must do, and whether this page's own request shows it (None: it cannot)."""

    text: str
    met: bool | None = None


def proxy_conditions(request: HttpRequest) -> list[Condition]:
    """For whoever sets up what stands between Revmo and us."""
    behind = settings.SECURE_PROXY_SSL_HEADER is not None
    return [
        Condition(f"Pass on the headers {ID}, {TIMESTAMP} and {SIGNATURE} as they are."),
        Condition("Pass on the body byte by byte: no decompression, no rewritten JSON."),
        Condition(f"Take bodies of up to {MAX_BODY // 1024} KiB, and wait 15 seconds for our answer."),
        Condition("Ask for no sign-in, cookie or captcha at /webhooks/, and redirect nothing there."),
        Condition(
            "Serve HTTPS, and say so to us in X-Forwarded-Proto (BEHIND_PROXY=true)."
            if settings.PUBLIC or behind
            else "On a public host, serve HTTPS. This one is named for this machine alone, so plain HTTP is taken.",
            request.is_secure() if settings.PUBLIC or behind else None,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Way:
    """How Revmo gets in; an address without its secret part."""

    address: str
    words: str
    is_open: bool


def ways(request: HttpRequest) -> list[Way]:
    """The two addresses and what lets somebody in there."""
    secrets = settings.REVMO_WEBHOOK_SECRETS.count("whsec_")
    signed = f"Signed: {secrets} secret{'s' * (secrets != 1)} set." if secrets else "REVMO_WEBHOOK_SECRETS is not set."
    token = "By the secret part of the address; trusted one way only." if settings.REVMO_WEBHOOK_TOKEN else ""
    here = request.build_absolute_uri(reverse("webhook"))
    return [
        Way(here, signed, bool(secrets)),
        Way(
            f"{here}<token>/", token or "REVMO_WEBHOOK_TOKEN is not set, which is right where Revmo signs.", bool(token)
        ),
    ]


def newest(amount: int = 10) -> list[WebhookEvent]:
    """The last events, to look into."""
    found = WebhookEvent.objects.filter(mode=Mode.current()).defer("body").order_by("-id")
    return list(found[:amount])


def waits_since() -> datetime | None:
    """When the oldest event came that is due and that no worker has taken up."""
    waiting = WebhookEvent.objects.filter(due_at__lt=timezone.now(), mode=Mode.current())
    return waiting.order_by("due_at").values_list("due_at", flat=True).first()
