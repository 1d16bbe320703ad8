"""The call `POST /v1/startsms/`, made once and never again by itself."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from revmo.agent_ids import check_agent_id
from revmo.connections import Clock, connection_to
from revmo.faults import fault_of
from revmo.outcomes import MAX_BODY, Answer, Fault, Outcome, judge, judge_fault

PATH = "/v1/startsms/"
E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
# A server closes a connection that rests, and a text written into it at that moment ends unknown although nobody read
# it. Before each use we look whether the other side has hung up, but cannot see a farewell still on its way. Common
# servers wait 2 seconds or longer, so one that rested for more than this is not used again; whoever sends less than one
# text a second can afford the new handshake. Seconds.
MAX_IDLE = 1.0
_STEP = 8 * 1024


class InvalidCall(ValueError):
    """The call would break Revmo's documented contract, or cannot be written down; nothing was sent."""


@dataclass(frozen=True, slots=True)
class StartSms:
    """The six documented fields; those that are optional stay out of the body when empty."""

    agent_id: str
    to: str
    trigger: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    override: str = ""
    no_agent: bool = False

    def payload(self) -> dict[str, Any]:
        """The JSON body. Raises InvalidCall for an agent id that is not base64 or a number that is not E.164."""
        try:
            body: dict[str, Any] = {"agentId": check_agent_id(self.agent_id), "to": self.to}
        except ValueError as problem:
            raise InvalidCall(str(problem)) from problem
        if not E164.fullmatch(self.to):
            raise InvalidCall(f"{self.to!r} is not a number in international form, such as +12025550123.")
        if self.trigger:
            body["trigger"] = self.trigger
        if self.metadata:
            body["metadata"] = dict(self.metadata)
        if self.override:
            body["override"] = self.override
        if self.no_agent:
            body["no_agent"] = "true"  # a string in Revmo's guide
        return body


class RevmoClient:
    """One connection to Revmo, for one thread: each thread that sends has a client of its own. Times in seconds.

    No retries, no redirects (they would carry the key elsewhere), no proxies or netrc from the environment: one
    call is one HTTP attempt. `connect_timeout` bounds the connect to each address of the name, `read_timeout` one
    read, `total_deadline` everything, also an answer that drips. Only the look-up of the name cannot be interrupted;
    if it outlasts the deadline, nothing is written any more.

    Raises ValueError for an address or key with which no call could be made.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        total_deadline: float = 45.0,
    ) -> None:
        self._key = _checked_key(api_key)
        origin = _checked_origin(base_url)
        self._path = quote(origin.path.rstrip("/") + PATH, safe="/%")
        self._clock = Clock(step=read_timeout, total=total_deadline)
        self._connection = connection_to(origin, self._clock, min(connect_timeout, total_deadline))
        self._headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "revmo-campaigns",
        }
        self._last_used = 0.0

    def start_sms(self, call: StartSms, *, reference: str = "") -> Outcome:
        """Make the call and judge it; faults of the wire are outcomes, never exceptions. Raises InvalidCall.

        `reference`, our own id of the text, travels as Idempotency-Key. Revmo documents no such header, so nothing
        relies on it.
        """
        body, headers = _body_of(call), self._headers_with(reference)
        if time.monotonic() - self._last_used > MAX_IDLE:
            self._connection.close()
        self._clock.start()
        try:
            response = self._connection.post(self._path, body, headers)
        except Exception as problem:
            # Whatever it is, the request may have left by now; only what `fault_of` knows for sure says otherwise.
            self._connection.close()
            return judge_fault(self._fault(problem))
        finally:
            self._last_used = time.monotonic()
        return judge(self._read(response), secret=self._key)

    def close(self) -> None:
        """Close the connection. The client stays usable and opens another one."""
        self._connection.close()

    def _headers_with(self, reference: str) -> dict[str, str]:
        if not (reference.isascii() and reference.isprintable()):
            raise InvalidCall("The reference must be plain letters and digits.")
        return self._headers | {"Idempotency-Key": reference} if reference else self._headers

    def _read(self, response: HTTPResponse) -> Answer:
        """The answer, up to a little over MAX_BODY; the connection is kept only if it is certain where it ends."""
        received, broken = bytearray(), None
        try:
            # As the bytes come: we ask for no compression, so what is compressed anyhow is not understood.
            while len(received) <= MAX_BODY and (piece := response.read(_STEP)):
                received += piece
        except Exception as problem:  # a hostile body finds more ways to fail than the library documents
            broken = self._fault(problem)
        oversized = len(received) > MAX_BODY
        if response.length and not (broken or oversized):  # it ended before the length that its header promised
            broken = Fault.REMOTE_CLOSE
        # After a 1xx the true answer is still to come, and would be taken for that of the next text.
        if broken or oversized or response.status < 200:
            response.close()
            self._connection.close()
        self._last_used = time.monotonic()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, bytes(received[:MAX_BODY]), broken, oversized)

    def _fault(self, problem: Exception) -> Fault:
        fault = fault_of(problem)
        return Fault.DEADLINE if fault is Fault.READ_TIMEOUT and self._clock.left() <= 0 else fault


def _body_of(call: StartSms) -> bytes:
    try:
        return json.dumps(call.payload(), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as problem:
        if isinstance(problem, InvalidCall):
            raise
        raise InvalidCall(f"The metadata cannot be written as JSON: {problem}") from problem


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("The API key must be the plain letters and digits that Revmo shows. Check REVMO_API_KEY.")
    return key


def _checked_origin(base_url: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        good = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is none
        good = False
    if not good:
        raise ValueError(f"{base_url!r} is not an address such as https://api.revmo.ai. Check REVMO_API_URL.")
    return parts
