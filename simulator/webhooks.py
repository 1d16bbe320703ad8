"""Signed events on their way to the caller's webhook (Standard Webhooks 1.0.0), tried again until they are taken."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

RETRY_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
WORKERS = 4
ANSWER_SECONDS = 15.0


class Webhooks:
    """Delivers events one worker to a connection; without an address events are dropped."""

    def __init__(self, url: str, secret: str, seed: int) -> None:
        self._url = urlsplit(url)
        self._key = base64.b64decode(secret.removeprefix("whsec_") + "==") if secret else b""
        self._seed = seed
        self._count = 0
        self._queue: asyncio.Queue[tuple[str, bytes, int]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self.delivered = 0

    def start(self) -> None:
        """Begin to deliver; inside a running loop."""
        if self._url.hostname:
            self._tasks = [asyncio.create_task(self._deliver_forever()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        """Give up what is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, kind: str, data: dict[str, Any]) -> None:
        """Queue one event."""
        if not self._url.hostname:
            return
        self._count += 1
        event = {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data}
        digest = hashlib.sha256(f"{self._seed}:event:{self._count}".encode()).hexdigest()[:24]
        self._queue.put_nowait((f"evt_{digest}", json.dumps(event).encode(), 0))

    def signature(self, event_id: str, timestamp: int, body: bytes) -> str:
        """The value of the webhook-signature header."""
        signed = hmac.new(self._key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        return f"v1,{base64.b64encode(signed).decode()}"

    async def _deliver_forever(self) -> None:
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            event_id, body, tries = await self._queue.get()
            try:
                line = line or await asyncio.open_connection(self._url.hostname, self._url.port or 80)
                status, keep = await asyncio.wait_for(self._post(*line, event_id, body), ANSWER_SECONDS)
            except (OSError, EOFError, ValueError, TimeoutError):
                status, keep = 0, False
            if line is not None and not keep:
                with suppress(OSError):
                    line[1].close()
                line = None
            if 200 <= status < 300:
                self.delivered += 1
            elif tries < len(RETRY_DELAYS):
                again = (event_id, body, tries + 1)
                asyncio.get_running_loop().call_later(RETRY_DELAYS[tries], self._queue.put_nowait, again)

    async def _post(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, event_id: str, body: bytes
    ) -> tuple[int, bool]:
        """Status of the answer, and whether the connection can be used again."""
        timestamp = int(time.time())
        head = (
            f"POST {self._url.path or '/'} HTTP/1.1\r\nHost: {self._url.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nwebhook-id: {event_id}\r\nwebhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: {self.signature(event_id, timestamp, body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(answer.split(" ", 2)[1])
        length = next((int(line[15:]) for line in answer.split("\r\n") if line.startswith("content-length:")), -1)
        if length > 0:
            await reader.readexactly(length)
        return status, length >= 0 and "connection: close" not in answer
