"""One call of the client at a server that misbehaves as its script says."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from revmo.client import RevmoClient, StartSms
from revmo.outcomes import Outcome
from tests.revmo.wire import AGENT_ID, CALL, KEY, NUMBER, Peer, Script, Server, response, serving

YES_BODY = b'{"result": "Ok", "thread_id": "th_1"}'
YES = response(200, YES_BODY)
# More than the system keeps for a reader who takes his time.
HEAVY = StartSms(AGENT_ID, NUMBER, metadata={"note": "x" * 12_000_000})


@contextmanager
def calling(url: str, **options: float) -> Iterator[RevmoClient]:
    """A client in a hurry, so that a test which waits in vain ends."""
    defaults = {"connect_timeout": 2.0, "read_timeout": 2.0, "total_deadline": 4.0}
    client = RevmoClient(url, KEY, **defaults | options)
    try:
        yield client
    finally:
        client.close()


def outcome_of(script: Script, **options: float) -> tuple[Outcome, Server]:
    """What one call comes to at a server with this script."""
    with serving(script) as server, calling(server.url, **options) as client:
        return client.start_sms(CALL), server


def slow_down_look_ups(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A name server that takes its time."""
    look_up = socket.getaddrinfo

    def slow(*args: Any, **kwargs: Any) -> Any:
        time.sleep(seconds)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)


def silent(peer: Peer) -> None:
    """Read the request and say nothing."""
    peer.read_request()
    peer.wait_for_hang_up()


@contextmanager
def unreachable() -> Iterator[int]:
    """A port whose queue is full, so that the kernel answers no further connect."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for sock in waiting:
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
    try:
        yield listener.getsockname()[1]
    finally:
        for sock in [*waiting, listener]:
            sock.close()
