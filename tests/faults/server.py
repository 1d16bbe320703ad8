"""A Revmo on bare sockets that keeps its own ledger: the other side's word on what was sent."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.revmo.wire import Peer, response, serving

YES = response(200, b'{"result": "Ok", "thread_id": "thread"}')
# What the server does with one whole request; the ledger already holds it.
Behaviour = Callable[["Call"], None]


@dataclass
class Revmo:
    """`requests` counts whole requests by number, `accepted` those that it acted on; `order` is when each came."""

    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    order: list[tuple[str, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total(self) -> int:
        """Whole requests so far."""
        return len(self.order)


@dataclass
class Call:
    """One request under treatment: the `place` in all of them (from 1) and the `attempt` of its number."""

    revmo: Revmo
    peer: Peer
    to: str
    place: int
    attempt: int

    def accept(self, answer: bytes = YES) -> None:
        """Act on it, then answer."""
        with self.revmo.lock:
            self.revmo.accepted[self.to] += 1
        self.peer.send(answer)


def accept(call: Call) -> None:
    """What a Revmo in good health does."""
    call.accept()


def slowly(seconds: float) -> Behaviour:
    """Yes, after a while."""

    def behave(call: Call) -> None:
        time.sleep(seconds)
        call.accept()

    return behave


@contextmanager
def revmo(behave: Behaviour = accept, port: int = 0) -> Iterator[Revmo]:
    """Serve for the length of the block."""
    made = Revmo()
    with serving(partial(_treat, made, behave), port) as server:
        made.url = server.url
        yield made


def _treat(made: Revmo, behave: Behaviour, peer: Peer) -> None:
    while True:
        to = json.loads(peer.read_request().partition(b"\r\n\r\n")[2])["to"]
        with made.lock:
            made.requests[to] += 1
            made.order.append((to, time.monotonic()))
            call = Call(made, peer, to, made.total, made.requests[to])
        behave(call)
