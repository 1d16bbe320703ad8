"""Signed events on their way to the caller (Standard Webhooks 1.0.0), tried again until they are taken."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from simulator.config import SECRET_PREFIX, Config
from simulator.scenarios import COPIES, Scenario, Scenarios

WORKERS = 4
FLOOD_WORKERS = 28  # more lines for a while, so that a flood is one
ANSWER_SECONDS = 15.0
MAX_ANSWER = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Its id stays the same however often it is tried; its signature is new each time.

    `key` signs it; empty: it is not signed. One that is `forged` is tried once, since nobody should take it.
    """

    id: str
    body: bytes
    key: bytes
    attempts: int = 0
    forged: bool = False


class Unreadable(ValueError):
    """The receiver's answer is no HTTP."""


class Line:
    """One connection to the receiver, kept open between events."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> int:
        """The status of the answer. Raises OSError, EOFError, TimeoutError or Unreadable."""
        reused = self._streams is not None
        try:
            return await self._in_time(request)
        except (ConnectionError, EOFError):
            if not reused:
                raise
        # The other side may have closed a connection at rest. The id is the same, so once more is harmless.
        return await self._in_time(request)

    def close(self) -> None:
        """Hang up; the next post dials again."""
        if self._streams is not None:
            with suppress(OSError, RuntimeError):
                self._streams[1].close()
        self._streams = None

    async def _in_time(self, request: bytes) -> int:
        try:
            # Not wait_for: on Python 3.11 it loses a cancellation that meets the answer, and we would never stop.
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._exchange(request)
        except BaseException:
            self.close()
            raise

    async def _exchange(self, request: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, limit=MAX_ANSWER)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), -1)
        except (ValueError, IndexError, asyncio.LimitOverrunError) as problem:
            raise Unreadable(str(problem)) from problem
        if 0 <= length <= MAX_ANSWER and "connection: close" not in head:
            await reader.readexactly(length)
        elif status != 204:
            self.close()
        return status


class Webhooks:
    """Delivers events with a few workers; without an address nothing is sent. Used by one event loop."""

    def __init__(self, config: Config, scenarios: Scenarios) -> None:
        parts = urlsplit(config.webhook_url)
        self._host, self._port, self._netloc = parts.hostname or "", parts.port or 80, parts.netloc
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._key = base64.b64decode(config.webhook_secret.removeprefix(SECRET_PREFIX))
        self._config, self._scenarios = config, scenarios
        self._count = 0
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._gathered: list[Event] = []
        self._workers: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Events that are queued for their next try."""
        return self._queue.qsize() + len(self._gathered)

    def start(self) -> None:
        """Begin to deliver; inside a running loop."""
        if self._host:
            self._workers |= {asyncio.create_task(self._deliver_forever()) for _ in range(WORKERS)}

    async def stop(self) -> None:
        """Give up what is left."""
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def send(self, kind: str, data: Mapping[str, Any]) -> None:
        """Queue one event, with whatever the scenarios do to it."""
        if not self._host or Scenario.LOSS in self._scenarios:
            return
        event = self._event(kind, data)
        copies = COPIES if Scenario.DUPLICATES in self._scenarios else 1
        events = [event] * copies
        if Scenario.FORGED in self._scenarios:
            stranger = hashlib.sha256(self._key + b"stranger").digest()
            events.append(Event(f"{event.id}_forged", event.body, stranger, forged=True))
        if Scenario.DISORDER in self._scenarios:
            self._gather(events)
        elif Scenario.DELAY in self._scenarios:
            asyncio.get_running_loop().call_later(self._config.event_delay, self._enqueue, events)
        else:
            self._enqueue(events)

    def flood(self, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Queue many events at once, and deliver over many lines until the queue is empty."""
        if not self._host:
            return
        self._enqueue([self._event(kind, data) for kind, data in events])
        for _ in range(FLOOD_WORKERS):
            worker = asyncio.create_task(self._deliver_until_empty())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    def _event(self, kind: str, data: Mapping[str, Any]) -> Event:
        self._count += 1
        digest = hashlib.sha256(f"{self._config.seed}:event:{self._count}".encode()).hexdigest()[:24]
        content = {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data}
        return Event(f"evt_{digest}", json.dumps(content).encode(), self._key)

    def _enqueue(self, events: Sequence[Event]) -> None:
        for event in events:
            self._queue.put_nowait(event)

    def _gather(self, events: Sequence[Event]) -> None:
        if not self._gathered:
            asyncio.get_running_loop().call_later(self._config.event_delay, self._release)
        self._gathered += events

    def _release(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._enqueue(gathered[::-1])

    async def _deliver_forever(self) -> None:
        line = Line(self._host, self._port)
        try:
            while True:
                await self._deliver(line, await self._queue.get())
        finally:
            line.close()

    async def _deliver_until_empty(self) -> None:
        line = Line(self._host, self._port)
        try:
            while not self._queue.empty():
                await self._deliver(line, self._queue.get_nowait())
        finally:
            line.close()

    async def _deliver(self, line: Line, event: Event) -> None:
        taken = await self._taken(line, event)
        tally = self._scenarios.tally
        if event.forged:
            tally.forged_taken += taken
            tally.forged_refused += not taken
        elif taken:
            tally.taken += 1
        else:
            tally.refused += 1
            self._try_again(event)

    async def _taken(self, line: Line, event: Event) -> bool:
        try:
            status = await line.post(self._request(event))
        except (OSError, EOFError, TimeoutError, Unreadable):
            return False
        return 200 <= status < 300

    def _try_again(self, event: Event) -> None:
        again = replace(event, attempts=event.attempts + 1)
        if again.attempts >= self._config.webhook_attempts:
            return
        delays = self._config.retry_delays
        delay = delays[min(event.attempts, len(delays) - 1)]
        asyncio.get_running_loop().call_later(delay, self._queue.put_nowait, again)

    def _request(self, event: Event) -> bytes:
        timestamp = int(time.time())
        lines = [
            f"POST {self._path} HTTP/1.1",
            f"Host: {self._netloc}",
            "Content-Type: application/json",
            f"Content-Length: {len(event.body)}",
            f"webhook-id: {event.id}",
            f"webhook-timestamp: {timestamp}",
        ]
        if event.key:
            lines.append(f"webhook-signature: {_signature(event, timestamp)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + event.body


def _signature(event: Event, timestamp: int) -> str:
    signed = hmac.new(event.key, f"{event.id}.{timestamp}.".encode() + event.body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"
