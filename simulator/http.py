"""Just enough HTTP/1.1 over asyncio, so that slow and silent answers cost nothing."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any

# Bytes.
MAX_HEADER = 32 * 1024
MAX_BODY = 64 * 1024
MAX_SWALLOWED = 4 * 1024 * 1024


class Ending(Enum):
    """What becomes of the connection after a request."""

    ANSWER = "the answer is written"
    RESET = "it breaks off"
    SILENCE = "it stays open without a word until the caller gives up"


class Malformed(ValueError):
    """The bytes are no request; the text says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names in lower case, `oversized` when the body was not kept."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    oversized: bool = False
    keep_alive: bool = True

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, or the refusal to give one."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.ANSWER

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Response":
        """A JSON answer."""
        return cls(status, json.dumps(value).encode(), headers=headers or {})

    @classmethod
    def error(cls, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> "Response":
        """A refusal in JSON."""
        return cls.of({"result": "Error", "error": sentence}, status, headers)


Handler = Callable[[Request], Awaitable[Response]]


async def converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection until it ends."""
    try:
        while (request := await _read(reader, writer)) is not None:
            response = await handler(request)
            if response.ending is Ending.RESET:
                _break_off(writer)
                return
            if response.ending is Ending.SILENCE:
                await _outlast(reader)
                return
            writer.write(_bytes(response, keep_alive=request.keep_alive))
            await writer.drain()
            if not request.keep_alive:
                return
    except Malformed as problem:
        writer.write(_bytes(Response.error(problem.status, str(problem)), keep_alive=False))
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        pass  # the caller left
    except asyncio.CancelledError:
        pass  # the simulator stops; asyncio would report the cancellation as an error of ours
    finally:
        with suppress(ConnectionError, RuntimeError):
            writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise Malformed(431, "The headers are too large.") from None
    request = _head(head.decode("latin-1"))
    if "transfer-encoding" in request.headers:
        raise Malformed(411, "Send the length of the body.")
    length = _length(request.headers)
    if length and request.headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if length > MAX_BODY:
        # Closing on unread bytes would reset the connection and take our answer with it.
        await _swallow(reader, min(length, MAX_SWALLOWED))
        return Request(request.method, request.target, request.headers, oversized=True, keep_alive=False)
    if not length:
        return request
    body = await reader.readexactly(length)
    return Request(request.method, request.target, request.headers, body, keep_alive=request.keep_alive)


def _head(text: str) -> Request:
    first, *lines = text.rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise Malformed(400, "This is not an HTTP request.")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    keep_alive = words[2] == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return Request(words[0], words[1], headers, keep_alive=keep_alive)


def _length(headers: Mapping[str, str]) -> int:
    given = headers.get("content-length", "0")
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise Malformed(400, "The length of the body cannot be read.")
    return int(given)


async def _swallow(reader: asyncio.StreamReader, length: int) -> None:
    while length > 0 and (chunk := await reader.read(min(length, MAX_BODY))):
        length -= len(chunk)


async def _outlast(reader: asyncio.StreamReader) -> None:
    while await reader.read(MAX_BODY):
        pass


def _bytes(response: Response, *, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + response.body


def _break_off(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
