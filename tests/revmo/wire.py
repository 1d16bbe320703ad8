"""Servers on bare sockets, so that a test decides about every byte and every farewell."""

import fcntl
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from revmo.client import StartSms

AGENT_ID = "YWdlbnQ="
NUMBER = "+12025550123"
CALL = StartSms(agent_id=AGENT_ID, to=NUMBER, override="Hello")
KEY = "key-9f8e7d"
PATIENCE = 10.0  # seconds


@dataclass
class Server:
    """A server on this machine. `requests`: each one that was read whole; `connections`: how many were taken."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def secure_url(self) -> str:
        """The same by https."""
        return f"https://127.0.0.1:{self.port}"


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        self.sock, self._server = sock, server
        self._buffer = b""

    def read_request(self) -> bytes:
        """One whole request, noted in the server's list. ConnectionError when the caller has hung up."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        while len(self._buffer) < len(head) + 4 + length:
            self._more()
        rest = self._buffer[len(head) + 4 :]
        request, self._buffer = head + b"\r\n\r\n" + rest[:length], rest[length:]
        self._server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Write; a caller who has hung up is no matter."""
        with suppress(OSError):
            self.sock.sendall(data)

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        """Write byte by byte until all is said or the caller hangs up."""
        for byte in data:
            try:
                self.sock.sendall(bytes([byte]))
            except OSError:
                return
            time.sleep(pause)

    def reset(self) -> None:
        """Hang up with a RST instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_until_read(self) -> None:
        """Until the caller's kernel has taken all that was sent: a RST would overtake it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and _unsent(self.sock):
            time.sleep(0.005)

    def wait_for_request(self) -> None:
        """Until a request has arrived, without reading it: a RST during the connect would only refuse that."""
        self.sock.recv(1, socket.MSG_PEEK)

    def wait_for_hang_up(self) -> None:
        """Say nothing until the caller has had enough."""
        with suppress(OSError):
            while self.sock.recv(4096):
                pass

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        self._buffer += data


def _unsent(sock: socket.socket) -> int:
    """Bytes that the other side has not acknowledged (Linux's SIOCOUTQ)."""
    waiting = bytearray(4)
    fcntl.ioctl(sock, termios.TIOCOUTQ, waiting)
    return int.from_bytes(waiting, sys.byteorder)


Script = Callable[[Peer], None]


@contextmanager
def serving(script: Script, port: int = 0) -> Iterator[Server]:
    """A server that treats each connection with `script` in a thread of its own, then closes it."""
    listener = socket.create_server(("127.0.0.1", port))
    server = Server(listener.getsockname()[1])
    peers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def treat(sock: socket.socket) -> None:
        with suppress(ConnectionError, OSError):
            script(Peer(sock, server))
        sock.close()

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            sock.settimeout(PATIENCE)
            peers.append(sock)
            threads.append(threading.Thread(target=treat, args=(sock,)))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for sock in peers:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def response(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(answer: bytes) -> Script:
    """The same answer to every request, on a connection that stays open."""

    def script(peer: Peer) -> None:
        while True:
            peer.read_request()
            peer.send(answer)

    return script


def once(answer: bytes) -> Script:
    """One answer, then the connection is closed, whatever the answer announced."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)

    return script
