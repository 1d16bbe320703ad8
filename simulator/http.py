"""Just enough HTTP/1.1 over asyncio, so that slow and silent answers cost nothing."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MAX_HEADER = 32 * 1024
MAX_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names in lower case, `oversized` when the body was not read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    oversized: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `reset` breaks the connection off instead."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    reset: bool = False

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> "Response":
        """A JSON answer."""
        return cls(status, json.dumps(value).encode(), headers=headers)


Handler = Callable[[Request], Awaitable[Response]]


async def converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it ends."""
    try:
        while (request := await _read(reader)) is not None:
            response = await handler(request)
            if response.reset:
                _break_off(writer)
                return
            writer.write(_bytes(response))
            await writer.drain()
            if request.oversized:
                return
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        pass
    except asyncio.CancelledError:
        pass  # the simulator stops; asyncio would report the cancellation as an error of ours
    finally:
        with suppress(ConnectionError, RuntimeError):
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    length = int(headers.get("content-length", "0"))
    if length > MAX_BODY:
        return Request(method, target, headers, b"", oversized=True)
    return Request(method, target, headers, await reader.readexactly(length) if length else b"")


def _bytes(response: Response) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in response.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + response.body


def _break_off(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
