"""Is this webhook authentic? Standard Webhooks 1.0.0 over the raw bytes, or a secret token in the address.

Both are assumptions: Revmo documents neither. Whatever the headers and the body look like, nothing but `NotAuthentic`
is raised: anybody can send junk, and an error page would tell them that it hurt.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from standardwebhooks.webhooks import Webhook

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
HEADERS = (ID, TIMESTAMP, SIGNATURE)
MAX_EVENT_ID = 200
PREFIX = "whsec_"
# The specification asks for 24 to 64 bytes; what is shorter than this can be guessed. Bytes.
SHORTEST_SECRET = 16


class NotAuthentic(ValueError):
    """Nobody who holds a secret of ours has sent this."""


def parse_secrets(text: str) -> tuple[str, ...]:
    """The secrets of a comma-separated setting; several while they are being changed. ValueError for a malformed one.

    The sentence does not repeat the secret.
    """
    return tuple(_checked_secret(part.strip()) for part in text.split(",") if part.strip())


@lru_cache(maxsize=8)
def known_secrets(text: str) -> tuple[str, ...]:
    """`parse_secrets`, remembered: the setting does not change while a process runs."""
    return parse_secrets(text)


@lru_cache(maxsize=32)
def _verifier(secret: str) -> Webhook:
    return Webhook(secret)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> str:
    """The event's id, if one of `secrets` signed exactly these bytes within five minutes of now. NotAuthentic.

    The id is the same whenever the sender tries again. Compared in constant time, by the library.
    """
    wanted = {name: _only(headers, name) for name in HEADERS}
    event_id = wanted[ID]
    if len(event_id) > MAX_EVENT_ID or not event_id.isprintable():
        raise NotAuthentic("the event id is malformed")
    for secret in secrets:
        try:
            _verify(secret, wanted, body)
        except Exception:  # noqa: S112  (the library answers junk with whatever it trips over)
            continue
        return event_id
    raise NotAuthentic("no valid signature")


def _verify(secret: str, headers: dict[str, str], body: bytes) -> None:
    """Raises whatever it trips over.

    The library takes text alone. What is signed is authentic in any encoding, and may be somebody's STOP: where the
    bytes are no UTF-8, a signature of ours over their digest takes the place of one that is right over the bytes.
    """
    verifier = _verifier(secret)
    try:
        verifier.verify(body, headers, json_parse=False)
    except UnicodeDecodeError:
        signed = f"{headers[ID]}.{int(headers[TIMESTAMP])}.".encode() + body
        right = f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"
        if not any(hmac.compare_digest(_bytes(one), right.encode()) for one in headers[SIGNATURE].split(" ")):
            raise
        at = datetime.fromtimestamp(int(headers[TIMESTAMP]), UTC)
        stands_for = fallback_event_id(body)
        own = verifier.sign(headers[ID], at, stands_for)
        # The time is left to the library.
        verifier.verify(stands_for, headers | {SIGNATURE: own}, json_parse=False)


def check_token(given: str, expected: str) -> None:
    """NotAuthentic unless the tokens agree; an empty expectation lets nobody in. Constant time."""
    if not expected or not hmac.compare_digest(_bytes(given), _bytes(expected)):
        raise NotAuthentic("wrong token")


def fallback_event_id(body: bytes) -> str:
    """The id of an event that brings none: the same bytes are the same event."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _only(headers: Mapping[str, str], name: str) -> str:
    found = [value for key, value in headers.items() if key.lower() == name]
    if len(found) != 1 or not found[0]:
        raise NotAuthentic(f"{name} must be there once")
    return found[0]


def _checked_secret(secret: str) -> str:
    try:
        key = _key(secret)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or len(key) < SHORTEST_SECRET:
        raise ValueError(
            "A webhook secret is whsec_ followed by at least 16 bytes in base64. Check REVMO_WEBHOOK_SECRETS, where "
            "several are separated by commas."
        )
    return secret


def _key(secret: str) -> bytes:
    """Raises ValueError where it is no base64."""
    encoded = secret.removeprefix(PREFIX)
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
