"""The call `POST /v1/startsms/`, made once and never again by itself."""

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3.exceptions as wire

from revmo import watchdog
from revmo.agent_ids import check_agent_id
from revmo.line import Line, OneLineAdapter
from revmo.outcomes import MAX_BODY, Answer, Fault, Outcome, judge, judge_fault
from revmo.watchdog import Watch

PATH = "/v1/startsms/"
E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
# A connection that rested longer may have been closed by the other side; a text written into it would end unknown
# although nobody read it. Seconds.
MAX_IDLE = 4.0


class InvalidCall(ValueError):
    """The call would break Revmo's documented contract; nothing was sent."""


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
            raise InvalidCall(f"{self.to!r} is not a number in international form.")
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
    """One connection to Revmo, for one thread. Times in seconds.

    No transport retries, no redirects (they would carry the key elsewhere), no proxies or netrc from the environment.
    `connect_timeout` and `read_timeout` bound single steps; `total_deadline` cuts an answer that drips.
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
        self._url = base_url.rstrip("/") + PATH
        self._timeout = (connect_timeout, min(read_timeout, total_deadline))
        self._deadline = total_deadline
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {api_key}"
        self._last_used = time.monotonic()
        self._line = Line()
        self._mount()

    def start_sms(self, call: StartSms, *, reference: str = "") -> Outcome:
        """Make the call and judge it; faults of the wire are outcomes, never exceptions. Raises InvalidCall.

        `reference` travels as Idempotency-Key: Revmo documents none, so nothing relies on it.
        """
        body = call.payload()
        if time.monotonic() - self._last_used > MAX_IDLE:
            self._mount()
        headers = {"Idempotency-Key": reference} if reference else {}
        try:
            with watchdog.cutting(self._line.cut, after=self._deadline) as watch:
                return self._exchange(body, headers, watch)
        finally:
            self._last_used = time.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _mount(self) -> None:
        """Begin with a fresh connection."""
        for prefix in ("http://", "https://"):
            old = self._session.adapters.get(prefix)
            if old is not None:
                old.close()
            self._session.mount(prefix, OneLineAdapter(self._line))

    def _exchange(self, body: dict[str, Any], headers: dict[str, str], watch: Watch) -> Outcome:
        try:
            response = self._session.post(
                self._url,
                json=body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, wire.HTTPError, OSError, ValueError) as problem:
            self._mount()
            return judge_fault(Fault.DEADLINE if watch.late else fault_of(problem))
        answer = self._read(response)
        if watch.late:  # cut in the middle of a header it looks like a whole answer
            return judge_fault(Fault.DEADLINE)
        return judge(answer)

    def _read(self, response: requests.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        received, cut = b"", False
        try:
            for chunk in response.iter_content(8 * 1024):
                received += chunk
                if len(received) > MAX_BODY:
                    break
        except (requests.RequestException, wire.HTTPError, OSError):
            cut = True
        oversized = len(received) > MAX_BODY
        if cut or oversized:
            self._mount()
        response.close()
        return Answer(response.status_code, headers, received[:MAX_BODY], cut=cut, oversized=oversized)


def fault_of(problem: BaseException) -> Fault:
    """Which fault an exception of the wire is; whatever does not prove that nothing left is ambiguous.

    A reset before and after the server read the request look the same, so only look-up, refusal and the time-out of
    the connect count as proof, and a certificate that failed before the first byte of the request.
    """
    causes = list(_causes(problem))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Fault.TLS
        if isinstance(cause, wire.NameResolutionError | socket.gaierror):
            return Fault.DNS
        if isinstance(cause, wire.ConnectTimeoutError):
            return Fault.CONNECT_TIMEOUT
        if isinstance(cause, wire.NewConnectionError):
            return Fault.REFUSED
    if any(isinstance(cause, wire.ReadTimeoutError | TimeoutError) for cause in causes):
        return Fault.READ_TIMEOUT
    if any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes):
        return Fault.RESET
    return Fault.REMOTE_CLOSE


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, however the libraries keep it."""
    seen: set[int] = set()
    waiting: list[object] = [problem]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
