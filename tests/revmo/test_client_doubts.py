"""The client where nobody can know whether a text was sent; the faults are those of the wire, none is pretended."""

import threading
import time
import tracemalloc

import pytest

from revmo.client import StartSms
from revmo.outcomes import MAX_BODY, Verdict
from tests.revmo.calls import YES, calling, outcome_of, silent, slow_down_look_ups
from tests.revmo.wire import AGENT_ID, CALL, NUMBER, PATIENCE, Peer, answering, once, response, serving


class TestNobodyKnows:
    def test_reset_before_the_request_was_read(self) -> None:
        def script(peer: Peer) -> None:
            peer.wait_for_request()
            peer.reset()

        outcome, server = outcome_of(script)
        # Which of the two we notice first is the kernel's business; neither tells whether the request was read.
        assert outcome.verdict is Verdict.UNKNOWN
        assert outcome.reason in {"reset", "remote_close"}
        assert (server.requests, server.connections) == ([], 1)

    def test_reset_after_the_request_was_read(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.reset()

        outcome, server = outcome_of(script)
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "reset")
        assert (len(server.requests), server.connections) == (1, 1)

    def test_closed_without_an_answer(self) -> None:
        outcome, server = outcome_of(once(b""))
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "remote_close")
        assert (len(server.requests), server.connections) == (1, 1)

    @pytest.mark.parametrize(
        "answer",
        [
            b"220 smtp ready\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 2",
            b"\x00\xff\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
        ],
    )
    def test_an_answer_that_is_no_http(self, answer: bytes) -> None:
        outcome, server = outcome_of(once(answer))
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "not_http")
        assert len(server.requests) == 1

    def test_no_answer_in_time(self) -> None:
        outcome, server = outcome_of(silent, read_timeout=0.1)
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "read_timeout")
        assert (len(server.requests), server.connections) == (1, 1)

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409, 425])
    def test_trouble_at_the_other_end_is_not_tried_again(self, status: int) -> None:
        outcome, server = outcome_of(answering(response(status, b"{}", "Retry-After: 0")))
        assert (outcome.verdict, outcome.http_status) == (Verdict.UNKNOWN, status)
        assert (len(server.requests), server.connections) == (1, 1)

    @pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", b"[]"])
    def test_a_success_that_says_nothing(self, body: bytes) -> None:
        outcome, _ = outcome_of(answering(response(200, body, "Content-Type: application/json")))
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "not_json")

    def test_compression_that_nobody_asked_for(self) -> None:
        bomb = response(200, b"\x1f\x8b" + b"\x00" * 100, "Content-Encoding: gzip")
        outcome, _ = outcome_of(answering(bomb))
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "not_json")

    @pytest.mark.parametrize("framing", ["Content-Length: 10485760", "Transfer-Encoding: chunked", "Connection: close"])
    def test_ten_megabytes_are_not_read(self, framing: str) -> None:
        piece = b"x" * 65536
        if "chunked" in framing:
            piece = b"10000\r\n" + piece + b"\r\n"
        sent = 0

        def flood(peer: Peer) -> None:
            nonlocal sent
            peer.read_request()
            peer.sock.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
            for _ in range(160):
                peer.sock.sendall(piece)
                sent += len(piece)

        with serving(flood) as server, calling(server.url) as client:
            tracemalloc.start()
            outcome = client.start_sms(CALL)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()

        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "too_long")
        assert peak < 20 * MAX_BODY
        assert sent < 10 * 1024 * 1024

    def test_a_chunk_size_without_an_end_does_not_fill_the_memory(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                peer.sock.sendall(b"0" * 65536)

        outcome, _ = outcome_of(script)
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "not_http")


class TestDrips:
    """The time-outs of sockets start anew with each byte; ours does not."""

    HEADER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Long: " + b"y" * 2000 + b"\r\n\r\n"

    @pytest.mark.parametrize(
        "answer",
        [
            HEADER,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 400,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 2000,
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 2000,
            b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        ],
        ids=["header", "length", "chunks", "chunk size", "close", "continue"],
    )
    def test_no_answer_outlasts_the_total_deadline(self, answer: bytes) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.drip(answer)

        begun = time.monotonic()
        outcome, server = outcome_of(script, read_timeout=0.5, total_deadline=0.8)

        assert time.monotonic() - begun < PATIENCE / 2
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "deadline")
        assert (len(server.requests), server.connections) == (1, 1)

    def test_a_slow_answer_within_the_deadline_is_heard_out(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.drip(YES, pause=0.003)

        outcome, _ = outcome_of(script)
        assert (outcome.verdict, outcome.thread_id) == (Verdict.ACCEPTED, "th_1")

    def test_a_body_that_stalls_after_a_yes_is_unknown(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"result":')
            peer.wait_for_hang_up()

        outcome, _ = outcome_of(script, read_timeout=0.1)
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "read_timeout")

    def test_a_server_that_falls_silent_gets_no_whole_read_timeout_on_top(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\n")
            peer.wait_for_hang_up()

        begun = time.monotonic()
        outcome, _ = outcome_of(script, read_timeout=PATIENCE, total_deadline=0.3)

        assert time.monotonic() - begun < PATIENCE / 2
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "deadline")

    def test_nor_does_one_that_does_not_read_after_a_slow_look_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each step has a whole time-out for itself; together they have the deadline."""
        slow_down_look_ups(monkeypatch, 1.5)
        waiting = threading.Event()

        def script(peer: Peer) -> None:
            waiting.wait(PATIENCE)

        call = StartSms(AGENT_ID, NUMBER, override="x" * 20_000_000)  # more than the kernel keeps
        with serving(script) as server, calling(server.url, total_deadline=2.0) as client:
            begun = time.monotonic()
            outcome = client.start_sms(call)
            took = time.monotonic() - begun
            waiting.set()

        assert took < 3
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "deadline")

    def test_each_call_has_a_deadline_of_its_own(self) -> None:
        with serving(answering(YES)) as server, calling(server.url, total_deadline=1.0) as client:
            begun = time.monotonic()
            while time.monotonic() - begun < 1.2:
                assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
        assert server.connections == 1
