"""The one connection of a client, with a clock that no server can outlast.

The time-outs of HTTP libraries bound single reads: a server that drips a byte now and then, in its header or its body,
would hold us for ever (measured). So every wait asks the clock first how long it may take.

This stands on `http.client`, as urllib3 and requests do. They cost twice as much again, mostly for what we forbid
(cookies, redirects, retries, proxies, .netrc), and ask the system three times as often, at each of which a worker with
a hundred threads waits for its turn.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from typing import Any, cast
from urllib.parse import SplitResult

import certifi

from revmo.outcomes import Fault


class ConnectFailed(OSError):
    """No connection came about, so no byte of the request has left; `fault` says why."""

    def __init__(self, fault: Fault, problem: object) -> None:
        super().__init__(str(problem))
        self.fault = fault


class Clock:
    """How long the call under way may take: `step` for one read or write, `total` for all. Seconds."""

    def __init__(self, step: float, total: float) -> None:
        self._step, self._total = step, total
        self._ends = 0.0

    def start(self) -> None:
        """A call begins."""
        self._ends = time.monotonic() + self._total

    def left(self) -> float:
        """Until the deadline; not positive once it has passed."""
        return self._ends - time.monotonic()

    def wait(self, sock: socket.socket, event: int) -> None:
        """Until the socket is ready to be read or written. Raises TimeoutError."""
        left = self.left()
        if left <= 0:
            raise TimeoutError("the total deadline has passed")
        if not _ready(sock, event, min(self._step, left)):
            raise TimeoutError("the other side let us wait too long")


class Connection(http.client.HTTPConnection):
    """To one address. The socket never blocks: the clock does the waiting."""

    def __init__(self, host: str, port: int | None, *, clock: Clock, connect_timeout: float) -> None:
        super().__init__(host, port, timeout=connect_timeout)
        self._clock = clock
        self._outgoing = bytearray()
        # It is called, and its result used, like the class; http.client asks no more of it.
        self.response_class = cast("type[http.client.HTTPResponse]", partial(_clocked_response, clock=clock))

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Write one request, header and body in one piece, and read the header of its answer.

        Raises ConnectFailed while nothing has left; after that TimeoutError, OSError or http.client.HTTPException. The
        connection must be closed then.
        """
        if self.sock is not None and _ready(self.sock, select.POLLIN, 0):
            self.close()  # a farewell, or something that nobody asked for
        self._outgoing = bytearray()
        self.request("POST", path, body, headers)
        if self.sock is None:
            self.connect()
        # Whoever hangs up while we write may have answered before.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._write(self._outgoing)
        return self.getresponse()

    def send(self, data: Any) -> None:
        """Keep what `request` writes, until all of it is there."""
        self._outgoing += data

    def connect(self) -> None:
        """Connect. A look-up of the name and several addresses can outlast the deadline; then nothing is written."""
        try:
            super().connect()
        except (socket.gaierror, UnicodeError) as problem:  # UnicodeError: a name that cannot be one
            raise ConnectFailed(Fault.DNS, problem) from problem
        except TimeoutError as problem:
            raise ConnectFailed(Fault.CONNECT_TIMEOUT, problem) from problem
        except OSError as problem:
            raise ConnectFailed(Fault.REFUSED, problem) from problem
        self._secure()
        if self._clock.left() <= 0:
            raise ConnectFailed(Fault.CONNECT_TIMEOUT, "connected after the total deadline")
        self.sock.setblocking(False)

    def _secure(self) -> None:
        """Nothing to do without TLS."""

    def _write(self, data: bytearray) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self.sock.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._clock.wait(self.sock, select.POLLOUT)
            except ssl.SSLWantReadError:
                self._clock.wait(self.sock, select.POLLIN)


class SecureConnection(Connection):
    """The same over TLS."""

    default_port = http.client.HTTPS_PORT

    def _secure(self) -> None:
        """A handshake that was refused is told apart from a fault after the request has left.

        One that breaks off or hangs is not: the outcome table counts it among what cannot be known.
        """
        try:
            self.sock = _trust().wrap_socket(self.sock, server_hostname=self.host)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError):
            raise
        except ssl.SSLError as problem:
            raise ConnectFailed(Fault.TLS, problem) from problem


def connection_to(origin: SplitResult, clock: Clock, connect_timeout: float) -> Connection:
    """A connection, not yet open, to an address with a host. Raises ValueError for a port that is none."""
    kind = SecureConnection if origin.scheme == "https" else Connection
    return kind(origin.hostname or "", origin.port, clock=clock, connect_timeout=connect_timeout)


class _Reader(io.RawIOBase):
    """The raw stream of a socket; each read gets what the clock has left. `stream` keeps the socket open."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, clock: Clock) -> None:
        self._stream, self._sock, self._clock = stream, sock, clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # An answer takes its time, so a try before the wait would be in vain; but what TLS has read ahead is here.
        if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
            self._clock.wait(self._sock, select.POLLIN)
        while True:
            try:
                return self._sock.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._clock.wait(self._sock, select.POLLIN)
            except ssl.SSLWantWriteError:
                self._clock.wait(self._sock, select.POLLOUT)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _clocked_response(sock: socket.socket, *args: Any, clock: Clock, **kwargs: Any) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(sock, *args, **kwargs)
    response.fp = io.BufferedReader(_Reader(response.fp.detach(), sock, clock))
    return response


def _ready(sock: socket.socket, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(seconds * 1000))


@cache
def _trust() -> ssl.SSLContext:
    """One for all connections, because it holds the certificates of the world's authorities."""
    return ssl.create_default_context(cafile=certifi.where())
