"""Is this a call that a strict API would take? Documented: the six fields; assumed: how it says no."""

import base64
import binascii
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Any

from simulator.http import Request

E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
FIELDS = {"agentId", "to", "trigger", "metadata", "override", "no_agent"}
MAX_TEXT = 1600


class Refused(ValueError):
    """A call that is not taken."""

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
    """The number that a body names, well-formed or not; the ledger counts every request."""
    try:
        to = json.loads(body)["to"]
    except (ValueError, TypeError, KeyError):
        return ""
    return to if isinstance(to, str) else ""


def read_call(request: Request, api_key: str) -> Call:
    """The call of a request. Raises Refused."""
    if request.method != "POST":
        raise Refused(405, "Use POST.")
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {api_key}".encode()):
        raise Refused(401, "The API key is not valid.")
    if request.oversized:
        raise Refused(413, "The body is too large.")
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refused(415, "Send JSON.")
    return _checked(_object(request.body))


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Refused(400, "The body is not a JSON object.")
    return value


def _checked(value: dict[str, Any]) -> Call:
    if unknown := sorted(set(value) - FIELDS):
        raise Refused(400, f"Unknown field: {unknown[0]}.")
    texts = {name: value.get(name, "") for name in ("agentId", "to", "trigger", "override", "no_agent")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise Refused(400, f"{name} must be a string.")
    try:
        if not base64.b64decode(texts["agentId"].replace("-", "+").replace("_", "/"), validate=True):
            raise ValueError
    except (ValueError, binascii.Error):
        raise Refused(400, "agentId must be base64.") from None
    if not E164.fullmatch(texts["to"]):
        raise Refused(400, "to must be a number in E.164 form.")
    if len(texts["override"]) > MAX_TEXT:
        raise Refused(400, f"override is longer than {MAX_TEXT} characters.")
    if texts["no_agent"] not in {"", "true", "false"}:
        raise Refused(400, 'no_agent must be "true" or "false".')
    metadata = value.get("metadata", {})
    if not isinstance(metadata, dict):
        raise Refused(400, "metadata must be an object.")
    return Call(
        texts["agentId"],
        texts["to"],
        texts["trigger"],
        metadata,
        texts["override"],
        texts["no_agent"] == "true",
    )
