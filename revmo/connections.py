"""The one connection of a client, with a clock that no server can outlast.

The time-outs of `requests` bound single reads: a server that drips a byte now and then, in its header or its body,
would hold us for ever (measured). So every read and write asks the clock first how long it may take.
"""

import http.client
import io
import socket
import ssl
import time
from functools import partial
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, SSLError


class HandshakeFailed(SSLError):
    """No secure connection came about, so no byte of the request has left."""


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

    def next_step(self) -> float:
        """What the next read or write may take. Raises TimeoutError once the deadline has passed."""
        left = self.left()
        if left <= 0:
            raise TimeoutError("the total deadline has passed")
        return min(self._step, left)


class ClockedAdapter(HTTPAdapter):
    """A transport adapter of requests for one address: one connection, no retries, its clock on every step.

    What requests works out anew for each call, and is the same for all of ours, is worked out once; and no cookies are
    looked for. Together that was a fifth of what a call cost.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._only: ConnectionPool | None = None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool of the one address."""
        if self._only is None:
            self._only = super().get_connection_with_tls_context(*args, **kwargs)
        return self._only

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Status, headers and the stream."""
        response = Response()
        response.status_code, response.headers, response.raw = resp.status, resp.headers, resp
        return response

    def close(self) -> None:
        """Close the connection; the next call makes another."""
        self._only = None
        super().close()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests does, but with connections that keep to the clock."""
        super().init_poolmanager(*args, **kwargs)
        pools: Any = {
            "http": partial(_Pool, clock=self._clock),
            "https": partial(_SecurePool, clock=self._clock),
        }
        self.poolmanager.pool_classes_by_scheme = pools


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = clock
        response: Any = partial(_clocked_response, clock=clock)
        self.response_class = response

    def connect(self) -> None:
        """Connect. A look-up of the name and several addresses can outlast the deadline; then nothing is written."""
        super().connect()
        if self._clock.left() <= 0:
            self.close()
            raise ConnectTimeoutError(self, "connected after the total deadline")

    def send(self, data: Any) -> None:
        """Write within what the clock allows."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self._clock.next_step())
        super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        """Connect; a handshake that was refused is told apart from a fault after the request has left.

        One that breaks off or hangs is not: the outcome table counts it among what cannot be known.
        """
        try:
            super().connect()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError):
            raise
        except ssl.SSLError as problem:
            raise HandshakeFailed(problem) from problem


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Reader(io.RawIOBase):
    """The raw stream of a socket; each read gets what the clock has left."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, clock: Clock) -> None:
        self._stream, self._sock, self._clock = stream, sock, clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._clock.next_step())
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _clocked_response(sock: socket.socket, *args: Any, clock: Clock, **kwargs: Any) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(sock, *args, **kwargs)
    response.fp = io.BufferedReader(_Reader(response.fp.detach(), sock, clock))
    return response
