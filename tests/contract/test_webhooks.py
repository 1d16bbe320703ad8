"""The simulator's events as they come over the socket, against our verification and our words for them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from revmo.client import RevmoClient, StartSms
from revmo.events import Author, Event, HandoffEvent, MessageEvent, Status, StatusEvent, normalise
from revmo.signatures import NotAuthentic, parse_secrets, verify
from simulator.config import Config
from simulator.server import Simulator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
AGENT_ID = "YWdlbnQ="
PATIENCE = 10.0  # seconds


@dataclass
class Inbox:
    """Calls of our webhook: headers and raw body; `answers` are given first, then 202."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self) -> list[Event]:
        """All that came so far, each verified and in our words."""
        for headers, body in list(self.calls):
            verify(headers, body, parse_secrets(f"{OTHER},{SECRET}"))
        return [normalise(body) for _, body in list(self.calls)]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.calls.append((dict(self.headers.items()), body))
            self.send_response(inbox.answers.pop(0) if inbox.answers else 202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    inbox.url = f"http://127.0.0.1:{server.server_port}/webhooks/revmo/"
    yield inbox
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def texting(inbox: Inbox, call: StartSms) -> Iterator[str]:
    """One accepted text; gives its thread id."""
    config = Config(port=0, delivery_delay=0, retry_delays=(0.02,), webhook_url=inbox.url, webhook_secret=SECRET)
    with Simulator(config).running() as simulator:
        client = RevmoClient(simulator.url, "simulator")
        outcome = client.start_sms(call)
        client.close()
        assert outcome.thread_id
        yield outcome.thread_id


def eventually(look: Callable[[], list[Event]], enough: Callable[[list[Event]], bool]) -> list[Event]:
    deadline = time.monotonic() + PATIENCE
    while not enough(found := look()):
        assert time.monotonic() < deadline, f"only these came: {found}"
        time.sleep(0.02)
    return found


def has(event_class: type[Event], **fields: object) -> Callable[[list[Event]], bool]:
    """Is there an event with these fields?"""
    return lambda events: any(
        isinstance(event, event_class) and all(getattr(event, name) == value for name, value in fields.items())
        for event in events
    )


@pytest.mark.parametrize(("last", "status"), [("01", Status.DELIVERED), ("90", Status.UNDELIVERED)])
def test_a_delivery_is_reported_with_our_reference(inbox: Inbox, last: str, status: Status) -> None:
    call = StartSms(AGENT_ID, f"+120255501{last}", override="Hello", metadata={"rc_send": "17.x", "name": "Jane"})

    with texting(inbox, call) as thread_id:
        events = eventually(inbox.events, has(StatusEvent, status=status))

    ours = {event.status: event for event in events if isinstance(event, StatusEvent)}
    assert set(ours) <= {Status.SENT, status}  # they may overtake each other
    for event in ours.values():
        assert (event.thread_id, event.to, event.reference) == (thread_id, call.to, "17.x")
        assert event.at is not None
    assert bool(ours[status].error_message) is (status is Status.UNDELIVERED)


def test_a_customer_and_the_agent_talk(inbox: Inbox) -> None:
    call = StartSms(AGENT_ID, "+12025550195", override="Does 3 pm suit you?", trigger="appointment_reminder")

    with texting(inbox, call) as thread_id:
        events = eventually(inbox.events, has(MessageEvent, author=Author.AGENT))

    reply = next(one for one in events if isinstance(one, MessageEvent) and one.author is Author.CONTACT)
    assert (reply.thread_id, reply.sender) == (thread_id, call.to)
    assert reply.body
    assert reply.message_id


def test_a_customer_says_stop(inbox: Inbox) -> None:
    with texting(inbox, StartSms(AGENT_ID, "+12025550196", override="Hello")):
        eventually(inbox.events, has(MessageEvent, author=Author.CONTACT, body="STOP", sender="+12025550196"))


def test_a_customer_asks_for_a_human(inbox: Inbox) -> None:
    with texting(inbox, StartSms(AGENT_ID, "+12025550197", override="Hello")) as thread_id:
        events = eventually(inbox.events, has(HandoffEvent, thread_id=thread_id))
    assert all(event.reason for event in events if isinstance(event, HandoffEvent))


def test_an_event_that_was_not_taken_comes_again_under_its_id(inbox: Inbox) -> None:
    inbox.answers = [503]
    with texting(inbox, StartSms(AGENT_ID, "+12025550101", override="Hello")):
        eventually(inbox.events, lambda events: len(events) >= 3)  # sent twice over, and delivered

    ids = [verify(headers, body, [SECRET]) for headers, body in inbox.calls]
    assert len(ids) == len(set(ids)) + 1


def test_another_secret_does_not_verify(inbox: Inbox) -> None:
    with texting(inbox, StartSms(AGENT_ID, "+12025550101", override="Hello")):
        eventually(inbox.events, lambda events: len(events) >= 1)
    with pytest.raises(NotAuthentic):
        verify(*inbox.calls[0], [OTHER])
