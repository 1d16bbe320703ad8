"""Signed events on their way to the caller (Standard Webhooks 1.0.0), tried again until they are taken."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from simulator.config import SECRET_PREFIX, Config

WORKERS = 4
ANSWER_SECONDS = 15.0
MAX_ANSWER = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Its id stays the same however often it is tried; its signature is new each time."""

    id: str
    body: bytes
    attempts: int = 0


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

    def __init__(self, config: Config) -> None:
        parts = urlsplit(config.webhook_url)
        self._host, self._port, self._netloc = parts.hostname or "", parts.port or 80, parts.netloc
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._key = base64.b64decode(config.webhook_secret.removeprefix(SECRET_PREFIX))
        self._config = config
        self._count = 0
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to deliver; inside a running loop."""
        if self._host:
            self._workers = [asyncio.create_task(self._deliver_forever()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        """Give up what is left."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def send(self, kind: str, data: Mapping[str, Any]) -> None:
        """Queue one event."""
        if not self._host:
            return
        self._count += 1
        digest = hashlib.sha256(f"{self._config.seed}:event:{self._count}".encode()).hexdigest()[:24]
        content = {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data}
        self._queue.put_nowait(Event(f"evt_{digest}", json.dumps(content).encode()))

    async def _deliver_forever(self) -> None:
        line = Line(self._host, self._port)
        try:
            while True:
                event = await self._queue.get()
                if not await self._taken(line, event):
                    self._try_again(event)
        finally:
            line.close()

    async def _taken(self, line: Line, event: Event) -> bool:
        try:
            status = await line.post(self._request(event))
        except (OSError, EOFError, TimeoutError, Unreadable):
            return False
        return 200 <= status < 300

    def _try_again(self, event: Event) -> None:
        again = Event(event.id, event.body, event.attempts + 1)
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
        if self._key:
            lines.append(f"webhook-signature: {self._signature(event, timestamp)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + event.body

    def _signature(self, event: Event, timestamp: int) -> str:
        signed = hmac.new(self._key, f"{event.id}.{timestamp}.".encode() + event.body, hashlib.sha256).digest()
        return f"v1,{base64.b64encode(signed).decode()}"
