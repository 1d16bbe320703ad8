"""`POST /webhooks/revmo/[<token>/]`: Revmo's events come in. Verified, stored, answered; applied afterwards.

401 whatever is not authentic, 413 too large, 202 authentic but not understood (kept), 503 database away
(Revmo tries again), 200 stored or already here, 400 only to a caller who went away in mid-sentence.
"""

import logging

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from conversations import intake, refusals
from conversations.tasks import wake_after_commit
from revmo.signatures import HEADERS, ID, check_token, known_secrets, verify

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
        return _refuse(413, "larger than 256 KiB")
    except UnreadablePostError:  # the caller went away in mid-sentence
        return _refuse(400, "broke off in the middle")
    except ValueError as problem:  # not authentic, or a malformed secret of ours, which lets nobody in
        return _refuse(401, str(problem))
    try:
        understood = intake.store(event_id, body, signed=token is None)
    except Error:
        logger.exception("a webhook event could not be stored; Revmo is asked to send it again")
        return _answer(503, {"Retry-After": "5"})
    wake_after_commit()
    return _answer(200 if understood else 202)


def _refuse(status: int, reason: str) -> HttpResponse:
    logger.info("a webhook call was refused: %s", reason)
    refusals.note(reason)
    return _answer(status)


def _answer(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    # Named here, because the middleware that names it elsewhere is not passed.
    answer = HttpResponse(status=status, headers={"Content-Length": "0", **(headers or {})})
    # Django would log the address of whatever is refused, and the address may carry the token.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def _body(request: HttpRequest) -> bytes:
    """The raw bytes. Raises TooLarge: before reading if the length is named, else while reading."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        raise TooLarge
    body = _chunked(request) if request.META.get("HTTP_TRANSFER_ENCODING") else request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise TooLarge
    return body


def _chunked(request: HttpRequest) -> bytes:
    """A body that names no length; Django would read nothing of it. The server ends it where the chunks end."""
    stream, body = request.META["wsgi.input"], b""
    while len(body) <= MAX_BODY and (piece := stream.read(MAX_BODY + 1 - len(body))):
        body += piece
    return body


def _event_id(request: HttpRequest, body: bytes, token: str | None) -> str:
    if token is None:
        return verify(_headers(request), body, known_secrets(settings.REVMO_WEBHOOK_SECRETS))
    check_token(token, settings.REVMO_WEBHOOK_TOKEN)
    return intake.id_of_unsigned(_headers(request).get(ID, ""), body, timezone.now())


def _headers(request: HttpRequest) -> dict[str, str]:
    """The three that count; all of them in Django's own mapping cost more than the signature."""
    found = ((name, request.META.get(f"HTTP_{name.upper().replace('-', '_')}")) for name in HEADERS)
    return {name: value for name, value in found if value is not None}
