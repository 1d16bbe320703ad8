"""A wire between a worker and PostgreSQL that a test can cut, stop and mend."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import connection


class Gateway:
    """Listens on this machine and passes everything on to the tests' server."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flows, self._open = threading.Event(), threading.Event()
        self._flows.set()
        self._open.set()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        """Nothing gets through any more, and nobody is told: a cable that was pulled."""
        self._flows.clear()

    def go_on(self) -> None:
        """What was held up arrives."""
        self._flows.set()

    def cut(self) -> None:
        """Every connection breaks, and no new one is made until `mend`: a server that restarts."""
        self._open.clear()
        taken, self._sockets = self._sockets, []
        for sock in taken:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """New connections are made again."""
        self._open.set()

    def close(self) -> None:
        """The end of it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.go_on()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                if not self._open.is_set():
                    caller.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [caller, server]
                self._threads.append(threading.Thread(target=self._pass, args=(caller, server)))
                self._threads[-1].start()

    def _pass(self, caller: socket.socket, server: socket.socket) -> None:
        """Both ways until one end hangs up or is cut."""
        other = {caller: server, server: caller}
        with caller, server, suppress(OSError):
            while True:
                for one in select.select([caller, server], [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    self._flows.wait()
                    other[one].sendall(data)


@contextmanager
def gateway() -> Iterator[tuple[Gateway, dict[str, Any]]]:
    """A gateway to this test's database, and the settings of a connection through it."""
    found = dict(connection.settings_dict)
    made = Gateway(str(Path(found["HOST"]) / f".s.PGSQL.{found['PORT'] or 5432}"))
    try:
        yield made, found | {"HOST": "127.0.0.1", "PORT": made.port}
    finally:
        made.close()
