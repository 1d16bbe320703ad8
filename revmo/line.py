"""The one connection that a client holds, within reach of whoever must cut it."""

import socket
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Line:
    """The socket in use, if there is one."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None

    def cut(self) -> None:
        """Wake whoever reads from the socket; safe from any thread."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class OneLineAdapter(HTTPAdapter):
    """A transport adapter with one connection, no retries, and its socket noted on a `Line`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests does, with connections that tell their socket."""
        super().init_poolmanager(*args, **kwargs)
        line = self._line

        class NotedHTTP(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                line.sock = self.sock

        class NotedHTTPS(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                line.sock = self.sock

        http = type("HTTPPool", (HTTPConnectionPool,), {"ConnectionCls": NotedHTTP})
        https = type("HTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": NotedHTTPS})
        self.poolmanager.pool_classes_by_scheme = {"http": http, "https": https}
