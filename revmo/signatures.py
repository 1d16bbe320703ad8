"""Is this webhook authentic? Standard Webhooks 1.0.0 over the raw bytes, or a secret token in the address."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from standardwebhooks.webhooks import Webhook

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
MAX_EVENT_ID = 200


class NotAuthentic(ValueError):
    """Nobody who holds a secret of ours has sent this."""


def parse_secrets(text: str) -> tuple[str, ...]:
    """The secrets of a comma-separated setting, in any order. ValueError for one that is malformed."""
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    for secret in secrets:
        try:
            if not base64.b64decode(secret.removeprefix("whsec_"), validate=True):
                raise ValueError
        except (ValueError, binascii.Error):
            raise ValueError("A webhook secret is whsec_ followed by base64, as Revmo shows it.") from None
    return secrets


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> str:
    """The event's id, if one of `secrets` signed exactly these bytes within five minutes. NotAuthentic otherwise."""
    lowered = {name.lower(): value for name, value in headers.items()}
    event_id = lowered.get(ID, "")
    if not event_id or len(event_id) > MAX_EVENT_ID or not event_id.isprintable():
        raise NotAuthentic("no event id")
    wanted = {name: lowered.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE)}
    for secret in secrets:
        try:
            Webhook(secret).verify(body, wanted, json_parse=False)
        except Exception:  # noqa: S112  (the library answers junk with whatever it trips over)
            continue
        return event_id
    raise NotAuthentic("no valid signature")


def check_token(given: str, expected: str) -> None:
    """NotAuthentic unless the tokens agree; an empty expectation lets nobody in."""
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotAuthentic("wrong token")


def fallback_event_id(body: bytes) -> str:
    """The id of an event that brings none: the same bytes are the same event."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
