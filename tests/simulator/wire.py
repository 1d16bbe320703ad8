"""A caller and a receiver on bare standard library: neither side borrows from the product."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from simulator.server import Simulator

AGENT_ID = "YWdlbnQ="
PATIENCE = 10.0  # seconds
T = TypeVar("T")


def number(last: int) -> str:
    """+1 202 555 01xx."""
    return f"+120255501{last:02d}"


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def value(self) -> Any:
        """The body, which must be JSON."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.raw)


def ask(
    sim: Simulator,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    seconds: float = PATIENCE,
) -> Reply:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=seconds)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def start_sms(sim: Simulator, to: str, *, seconds: float = PATIENCE, **fields: Any) -> Reply:
    """The documented call, well-formed unless `fields` spoil it."""
    value = {"agentId": AGENT_ID, "to": to, "override": "Hello"} | fields
    body = json.dumps({key: one for key, one in value.items() if one is not None}).encode()
    headers = {"Authorization": "Bearer simulator", "Content-Type": "application/json"}
    return ask(sim, "POST", "/v1/startsms/", body, headers, seconds=seconds)


def on_phone(sim: Simulator, to: str, verb: str, value: dict[str, Any]) -> Reply:
    """What the handsets page does."""
    headers = {"Content-Type": "application/json"}
    return ask(sim, "POST", f"/_handsets/{quote(to)}/{verb}", json.dumps(value).encode(), headers)


def phone(sim: Simulator, to: str) -> Any:
    """A phone as the page sees it."""
    return ask(sim, "GET", f"/_handsets/{quote(to)}").value


def bodies(sim: Simulator, to: str) -> list[tuple[str, str]]:
    """Author and words of every text on a phone."""
    return [(text["author"], text["body"]) for text in phone(sim, to)["texts"]]


def eventually(look: Callable[[], T]) -> T:
    """What `look` returns as soon as it is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


@dataclass(frozen=True)
class Received:
    """One call of the webhook."""

    path: str
    headers: dict[str, str]
    body: bytes
    client_port: int

    @property
    def event(self) -> Any:
        """What it says."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Somebody's webhook. Answers with `answers` first (0: hangs up), then 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    calls: list[Received] = field(default_factory=list)

    def of(self, kind: str, to: str = "") -> list[Any]:
        """The data of the events of a kind, in order of arrival; only those to a number if given."""
        events = [call.event for call in list(self.calls)]
        return [one["data"] for one in events if one["type"] == kind and to in ("", one["data"].get("to"))]


def pair(receiver: Receiver, kind: str) -> list[Any]:
    """The data of the first two events of a kind, as soon as both are there."""
    eventually(lambda: len(receiver.of(kind)) >= 2)
    return receiver.of(kind)[:2]


@contextmanager
def receiving(*answers: int, port: int = 0) -> Iterator[Receiver]:
    """A webhook on this machine for the length of the block."""
    receiver = Receiver(answers=list(answers))
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                receiver.calls.append(Received(self.path, headers, body, self.client_address[1]))
                status = receiver.answers.pop(0) if receiver.answers else 204
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook/?from=here"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def port_of(url: str) -> int:
    """The port in an address."""
    port = urlsplit(url).port
    assert port
    return port
