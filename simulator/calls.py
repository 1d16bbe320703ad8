"""Is this a call that a strict API would take? Documented: the six fields; assumed: how it says no."""

import base64
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from simulator.http import Request

E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
TEXTS = ("agentId", "to", "trigger", "override", "no_agent")
FIELDS = {*TEXTS, "metadata"}
MAX_TEXT = 1600  # characters


class Refused(ValueError):
    """A call that is not taken: status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """A well-formed call."""

    agent_id: str
    to: str
    trigger: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    override: str = ""
    no_agent: bool = False


def number_named(body: bytes) -> str:
    """The number that a body names, well-formed or not, or an empty text: the ledger counts every request."""
    try:
        to = json.loads(body)["to"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return to if isinstance(to, str) else ""


def read_call(request: Request, api_key: str) -> Call:
    """The call of a request. Raises Refused."""
    if request.method != "POST":
        raise Refused(405, "Use POST.")
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode("latin-1"), f"Bearer {api_key}".encode()):
        raise Refused(401, "The API key is not valid.")
    if request.oversized:
        raise Refused(413, "The body is larger than 64 KiB.")
    if request.media_type != "application/json":
        raise Refused(415, "Send the body as application/json.")
    return _checked(_object(request.body))


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Refused(400, "The body is not a JSON object.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")  # Python would take NaN and Infinity


def _checked(value: dict[str, Any]) -> Call:
    if unknown := sorted(set(value) - FIELDS):
        raise Refused(400, f"Unknown field: {unknown[0][:100]}.")
    for name in ("agentId", "to"):
        if name not in value:
            raise Refused(400, f"{name} is required.")
    for name in TEXTS:
        if not isinstance(value.get(name, ""), str):
            raise Refused(400, f"{name} must be a string.")
    metadata = value.get("metadata", {})
    if not isinstance(metadata, dict):
        raise Refused(400, "metadata must be an object.")
    if not _is_base64(value["agentId"]):
        raise Refused(400, "agentId must be base64.")
    if not E164.fullmatch(value["to"]):
        raise Refused(400, "to must be a number in E.164 form, such as +12025550123.")
    if len(value.get("override", "")) > MAX_TEXT:
        raise Refused(400, f"override is longer than {MAX_TEXT} characters.")
    if value.get("no_agent", "false") not in ("true", "false"):
        raise Refused(400, 'no_agent must be "true" or "false".')
    return Call(
        agent_id=value["agentId"],
        to=value["to"],
        trigger=value.get("trigger", ""),
        metadata=metadata,
        override=value.get("override", ""),
        no_agent=value.get("no_agent") == "true",
    )


def _is_base64(text: str) -> bool:
    """Of either alphabet, padded, not empty."""
    try:
        return bool(base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True))
    except ValueError:
        return False
