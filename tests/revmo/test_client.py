"""The client against servers that misbehave in every way; the faults are those of the wire, none is pretended."""

import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import urllib3.exceptions as wire

from revmo import client as client_module
from revmo.client import InvalidCall, RevmoClient, StartSms
from revmo.outcomes import MAX_BODY, Outcome, Verdict
from tests.revmo.wire import (
    AGENT_ID,
    CALL,
    KEY,
    NUMBER,
    PATIENCE,
    Peer,
    Script,
    Server,
    answering,
    once,
    response,
    serving,
)

YES = response(200, b'{"result": "Ok", "thread_id": "th_1"}')


@contextmanager
def calling(url: str, **options: float) -> Iterator[RevmoClient]:
    """A client in a hurry, so that a test which waits in vain ends."""
    defaults = {"connect_timeout": 2.0, "read_timeout": 2.0, "total_deadline": 4.0}
    client = RevmoClient(url, KEY, **defaults | options)
    try:
        yield client
    finally:
        client.close()


def outcome_of(script: Script, **options: float) -> tuple[Outcome, Server]:
    """What one call comes to at a server with this script."""
    with serving(script) as server, calling(server.url, **options) as client:
        return client.start_sms(CALL), server


class TestTheCall:
    def test_all_six_fields_travel_as_the_guide_shows_them(self) -> None:
        call = StartSms(
            agent_id=AGENT_ID,
            to=NUMBER,
            trigger="appointment_reminder",
            metadata={"customer_name": "José", "appointment_time": "2025-02-22T15:00:00Z"},
            override="See you at 3 pm 🙂",
            no_agent=True,
        )
        with serving(answering(YES)) as server, calling(server.url + "/") as client:
            outcome = client.start_sms(call, reference="17.sig-_:x")

        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert first == "POST /v1/startsms/ HTTP/1.1"
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["content-type"] == "application/json"
        assert headers["idempotency-key"] == "17.sig-_:x"
        assert headers["accept-encoding"] == "identity"
        assert json.loads(body) == {
            "agentId": AGENT_ID,
            "to": NUMBER,
            "trigger": "appointment_reminder",
            "metadata": {"customer_name": "José", "appointment_time": "2025-02-22T15:00:00Z"},
            "override": "See you at 3 pm 🙂",
            "no_agent": "true",
        }
        assert (outcome.verdict, outcome.thread_id) == (Verdict.ACCEPTED, "th_1")

    def test_optional_fields_that_are_empty_stay_out(self) -> None:
        assert StartSms(AGENT_ID, NUMBER).payload() == {"agentId": AGENT_ID, "to": NUMBER}

    def test_without_a_reference_no_header_speaks_of_one(self) -> None:
        _, server = outcome_of(answering(YES))
        assert b"idempotency" not in server.requests[0].lower()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"agent_id": "agent 7"}, "not an agent id"),
            ({"to": "2025550123"}, "international form"),
            ({"to": "+1 202 555 0123"}, "international form"),
            ({"to": "+12025550123\n"}, "international form"),
            ({"to": "+0202555012"}, "international form"),
            ({"to": "+１２０２５５５０１２３"}, "international form"),
            ({"to": ""}, "international form"),
            ({"metadata": {"when": datetime(2026, 3, 2, tzinfo=UTC)}}, "cannot be written as JSON"),
            ({"metadata": {"price": float("nan")}}, "cannot be written as JSON"),
        ],
    )
    def test_an_impossible_call_is_refused_before_any_socket_opens(self, changes: dict[str, Any], words: str) -> None:
        fields = {"agent_id": AGENT_ID, "to": NUMBER} | changes
        with serving(answering(YES)) as server, calling(server.url) as client:
            with pytest.raises(InvalidCall, match=words):
                client.start_sms(StartSms(**fields))
            assert server.connections == 0

    @pytest.mark.parametrize("reference", ["a\r\nX-Evil: 1", "é", "a\x00"])
    def test_so_is_a_reference_that_is_no_header(self, reference: str) -> None:
        with serving(answering(YES)) as server, calling(server.url) as client:
            with pytest.raises(InvalidCall, match="plain letters"):
                client.start_sms(CALL, reference=reference)
            assert server.connections == 0

    @pytest.mark.parametrize(
        "url", ["", "api.revmo.ai", "ftp://api.revmo.ai", "https://", "https://user:pw@api.revmo.ai"]
    )
    def test_an_impossible_address_is_refused_at_once(self, url: str) -> None:
        with pytest.raises(ValueError, match="Check REVMO_API_URL"):
            RevmoClient(url, KEY)

    @pytest.mark.parametrize("key", ["", "  ", "kéy", "a\nb"])
    def test_so_is_an_impossible_key(self, key: str) -> None:
        with pytest.raises(ValueError, match="Check REVMO_API_KEY"):
            RevmoClient("https://api.revmo.ai", key)

    def test_the_environment_has_no_say(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "")

        outcome, server = outcome_of(answering(YES))

        assert outcome.verdict is Verdict.ACCEPTED
        assert f"Authorization: Bearer {KEY}".encode() in server.requests[0]


class TestNothingLeft:
    def test_refused(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with calling(f"http://127.0.0.1:{port}") as client:
            outcome = client.start_sms(CALL)
        assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "refused")

    def test_no_such_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*args: object, **kwargs: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)  # tests ask no name server
        with calling("http://nowhere.invalid") as client:
            outcome = client.start_sms(CALL)
        assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "dns")

    def test_connect_timeout(self) -> None:
        with unreachable() as port, calling(f"http://127.0.0.1:{port}", connect_timeout=0.2) as client:
            outcome = client.start_sms(CALL)
        assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "connect_timeout")

    def test_a_connect_that_outlasts_the_deadline_writes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slow_down_look_ups(monkeypatch, 0.15)
        outcome, server = outcome_of(answering(YES), total_deadline=0.1)
        assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "connect_timeout")
        assert server.requests == []

    def test_a_fault_that_our_caller_is_handling_proves_nothing(self) -> None:
        """Python chains it to ours; taken for proof, it would let a text go out twice."""
        with serving(once(b"")) as server, calling(server.url) as client:
            try:
                raise wire.NewConnectionError(None, "of another call")  # type: ignore[arg-type]
            except wire.NewConnectionError:
                outcome = client.start_sms(CALL)
        assert outcome.verdict is Verdict.UNKNOWN


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
    """The time-outs of requests start anew with each byte; ours does not."""

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


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"result":',
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{"result":\r\n',
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"resu',
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
    )
    def test_a_yes_whose_body_is_cut_off(self, answer: bytes) -> None:
        outcome, _ = outcome_of(once(answer))
        assert (outcome.verdict, outcome.reason, outcome.thread_id) == (Verdict.ACCEPTED, "accepted_cut", "")

    def test_a_yes_whose_body_ends_in_a_reset(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
            peer.wait_until_read()
            peer.reset()

        outcome, _ = outcome_of(script)
        assert (outcome.verdict, outcome.reason) == (Verdict.ACCEPTED, "accepted_cut")

    def test_a_header_cut_off_is_no_yes(self) -> None:
        outcome, _ = outcome_of(once(b"HTTP/1.1 200 OK\r\nContent-Len"))
        assert outcome.verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
    def test_a_redirect_is_not_followed_with_the_key(self, status: int) -> None:
        with serving(answering(YES)) as elsewhere:
            answer = response(status, b"", f"Location: {elsewhere.url}/v1/startsms/")
            outcome, server = outcome_of(answering(answer))
            assert (outcome.verdict, outcome.http_status) == (Verdict.HALT, status)
            assert (len(server.requests), elsewhere.connections) == (1, 0)

    def test_303_may_mean_that_it_was_done(self) -> None:
        with serving(answering(YES)) as elsewhere:
            outcome, server = outcome_of(answering(response(303, b"", f"Location: {elsewhere.url}/")))
            assert outcome.verdict is Verdict.UNKNOWN
            assert (len(server.requests), elsewhere.connections) == (1, 0)

    @pytest.mark.parametrize("status", [401, 402, 403, 404])
    def test_a_bad_key_halts(self, status: int) -> None:
        outcome, server = outcome_of(answering(response(status, f'{{"error": "bad key {KEY}"}}'.encode())))
        assert (outcome.verdict, outcome.http_status) == (Verdict.HALT, status)
        assert KEY not in outcome.evidence
        assert len(server.requests) == 1

    def test_a_bad_number_fails(self) -> None:
        outcome, _ = outcome_of(answering(response(422, b'{"message": "to is invalid"}')))
        assert (outcome.verdict, outcome.detail) == (Verdict.FAILED, "Revmo refused this text: to is invalid")

    @pytest.mark.parametrize("as_date", [False, True])
    def test_too_many_requests_are_asked_to_wait(self, as_date: bool) -> None:
        then = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        outcome, server = outcome_of(answering(response(429, b"{}", f"Retry-After: {then if as_date else 30}")))
        assert (outcome.verdict, outcome.slow_down) == (Verdict.RETRY, True)
        assert outcome.retry_after == pytest.approx(30, abs=2)
        assert len(server.requests) == 1

    def test_a_refusal_whose_body_never_ends_is_a_refusal(self) -> None:
        outcome, _ = outcome_of(once(b"HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n"))
        assert outcome.verdict is Verdict.HALT


class TestOneConnection:
    def test_it_is_used_again(self) -> None:
        with serving(answering(YES)) as server, calling(server.url) as client:
            assert {client.start_sms(CALL).verdict for _ in range(5)} == {Verdict.ACCEPTED}
        assert (len(server.requests), server.connections) == (5, 1)

    @pytest.mark.parametrize("status", [400, 401, 429, 500])
    def test_also_after_a_refusal(self, status: int) -> None:
        with serving(answering(response(status, b"{}"))) as server, calling(server.url) as client:
            assert {client.start_sms(CALL).http_status for _ in range(3)} == {status}
        assert server.connections == 1

    def test_not_when_the_server_has_hung_up_meanwhile(self) -> None:
        """A text written into a closed connection would end unknown, although nobody has read it."""
        with serving(once(YES)) as server, calling(server.url) as client:
            for _ in range(5):
                assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
                time.sleep(0.02)
        assert (len(server.requests), server.connections) == (5, 5)

    def test_not_when_it_has_rested_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "MAX_IDLE", 0.05)
        with serving(answering(YES)) as server, calling(server.url) as client:
            for _ in range(2):
                assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
                time.sleep(0.06)
        assert server.connections == 2

    @pytest.mark.parametrize(
        "first",
        [
            b"HTTP/1.1 103 Early Hints\r\n\r\n",
            response(200, b"x" * 100_000),
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        ],
        ids=["early hints", "too long", "stalled"],
    )
    def test_not_when_it_is_uncertain_where_an_answer_ended(self, first: bytes) -> None:
        """Else the late rest of it would be taken for the answer to the next text."""

        def script(peer: Peer) -> None:
            peer.read_request()
            if len(server.requests) == 1:
                peer.send(first)
                peer.wait_for_hang_up()
            else:
                peer.send(YES)

        with serving(script) as server, calling(server.url, read_timeout=0.5) as client:
            assert client.start_sms(CALL).verdict is Verdict.UNKNOWN
            assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
        assert server.connections == 2

    def test_not_when_something_came_that_nobody_asked_for(self) -> None:
        said = threading.Event()

        def script(peer: Peer) -> None:
            peer.read_request()
            peer.send(YES)
            read.wait(PATIENCE)
            peer.send(response(400, b"{}"))
            peer.wait_until_read()
            said.set()
            peer.wait_for_hang_up()

        read = threading.Event()
        with serving(script) as server, calling(server.url) as client:
            for _ in range(3):
                said.clear()
                read.clear()
                assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
                read.set()
                assert said.wait(PATIENCE)
        assert server.connections == 3

    def test_after_a_fault_it_begins_anew(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            if len(server.requests) > 1:
                peer.send(YES)

        with serving(script) as server, calling(server.url) as client:
            assert client.start_sms(CALL).verdict is Verdict.UNKNOWN
            assert client.start_sms(CALL).verdict is Verdict.ACCEPTED

    def test_a_closed_client_opens_another(self) -> None:
        with serving(answering(YES)) as server, calling(server.url) as client:
            client.start_sms(CALL)
            client.close()
            assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
        assert server.connections == 2


def slow_down_look_ups(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A name server that takes its time."""
    look_up = socket.getaddrinfo

    def slow(*args: Any, **kwargs: Any) -> Any:
        time.sleep(seconds)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)


def silent(peer: Peer) -> None:
    """Read the request and say nothing."""
    peer.read_request()
    peer.wait_for_hang_up()


@contextmanager
def unreachable() -> Iterator[int]:
    """A port whose queue is full, so that the kernel answers no further connect."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for sock in waiting:
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
    try:
        yield listener.getsockname()[1]
    finally:
        for sock in [*waiting, listener]:
            sock.close()
