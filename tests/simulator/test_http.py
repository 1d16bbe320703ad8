"""The wire itself: connections that stay open, requests that are none, callers that leave."""

import http.client
import socket
import time

import pytest

from simulator.server import Simulator
from tests.simulator.wire import ask, eventually, number, start_sms


def talk(sim: Simulator, request: bytes) -> bytes:
    """Everything that comes back for these bytes until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", sim.port), timeout=10) as line:
        line.sendall(request)
        received = b""
        while chunk := line.recv(65536):
            received += chunk
        return received


def test_it_answers_many_requests_on_one_connection(sim: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)
    connection.connect()
    first = connection.sock
    for _ in range(5):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.version, answer.read()) == (200, 11, b'{"status": "ok"}')
    assert connection.sock is first
    connection.close()


def test_it_answers_requests_that_come_in_one_go(sim: Simulator) -> None:
    once = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    received = talk(sim, once + b"\r\n" + once + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200 OK") == 2


def test_it_says_go_on_to_a_caller_that_waits_for_it(sim: Simulator) -> None:
    head = b"POST /v1/startsms/ HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    received = talk(sim, head + b"Connection: close\r\n\r\n{}")
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_it_refuses_bytes_that_are_no_request(sim: Simulator, request_bytes: bytes, status: bytes) -> None:
    try:
        received = talk(sim, request_bytes)
    except ConnectionResetError:  # it may hang up on what it did not read
        assert status == b"431"
        return
    assert received.startswith(b"HTTP/1.1 " + status)


def test_a_caller_that_leaves_in_the_middle_harms_nobody(sim: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", sim.port)) as line:
        line.sendall(b"POST /v1/startsms/ HTTP/1.1\r\nContent-Length: 50\r\n\r\n{")
    assert ask(sim, "GET", "/healthz").status == 200


def silent_request() -> bytes:
    """A call to the number that never gets an answer."""
    body = b'{"agentId": "YWdlbnQ=", "to": "%s"}' % number(94).encode()
    head = b"POST /v1/startsms/ HTTP/1.1\r\nAuthorization: Bearer simulator\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_it_lets_go_of_a_connection_without_answer_when_the_caller_gives_up(sim: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", sim.port), timeout=0.1) as line:
        line.sendall(silent_request())
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.shutdown(socket.SHUT_WR)
        line.settimeout(10)
        assert line.recv(1) == b""
    assert sim.requests()[0]["status"] is None


def test_answers_that_take_long_hold_up_nobody(sim: Simulator) -> None:
    """Fifty lines that wait for ever, and one more caller who does not notice."""
    lines = [socket.create_connection(("127.0.0.1", sim.port)) for _ in range(50)]
    try:
        for line in lines:
            line.sendall(silent_request())
        eventually(lambda: sim.ledger()["totals"]["requests"] == 50)
        begin = time.monotonic()
        assert start_sms(sim, number(1)).status == 200
        assert time.monotonic() - begin < 2
    finally:
        for line in lines:
            line.close()
