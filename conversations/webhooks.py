"""`POST /webhooks/revmo/[<token>/]`: Revmo's events come in. Verified, stored, answered; applied afterwards.

401 whatever is not authentic, 413 too large, 202 authentic but not understood (kept), 503 database away
(Revmo tries again), 200 stored or already here, 400 only to a caller who went away in mid-sentence.
"""

import logging

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from conversations import intake
from conversations.tasks import wake_after_commit
from revmo.signatures import check_token, parse_secrets, verify

logger = logging.getLogger(__name__)

MAX_BODY = 256 * 1024


class TooLarge(Exception):
    """The body is, or says that it is, over the cap."""


@csrf_exempt
@require_POST
def receive(request: HttpRequest, token: str | None = None) -> HttpResponse:
    """Take in one event, by its signature or, where the address carries one, by its token."""
    try:
        body = _body(request)
        event_id = _event_id(request, body, token)
    except TooLarge:
        return HttpResponse(status=413)
    except UnreadablePostError:  # the caller went away in mid-sentence
        return HttpResponse(status=400)
    except ValueError as problem:  # not authentic, or a malformed secret of ours, which lets nobody in
        logger.info("a webhook call was refused: %s", problem)
        return HttpResponse(status=401)
    try:
        with transaction.atomic():
            understood = intake.store(event_id, body, signed=token is None)
            wake_after_commit()
    except (OperationalError, InterfaceError):
        logger.exception("a webhook event could not be stored; Revmo is asked to send it again")
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    return HttpResponse(status=200 if understood else 202)


def _body(request: HttpRequest) -> bytes:
    """The raw bytes. Raises TooLarge: before reading if the length is named, else while reading."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        raise TooLarge
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise TooLarge
    return body


def _event_id(request: HttpRequest, body: bytes, token: str | None) -> str:
    if token is None:
        return verify(request.headers, body, parse_secrets(settings.REVMO_WEBHOOK_SECRETS))
    check_token(token, settings.REVMO_WEBHOOK_TOKEN)
    return intake.id_of_unsigned(request.headers.get("webhook-id", ""), body, timezone.now())
