"""When the client uses a connection again, and when it must not."""

import threading
import time

import pytest

from revmo import client as client_module
from revmo.outcomes import Verdict
from tests.revmo.calls import YES, YES_BODY, calling
from tests.revmo.wire import CALL, PATIENCE, Peer, answering, once, response, serving


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

    def test_header_and_body_leave_together(self) -> None:
        """A request in two pieces costs two packets, and dies between them when its worker does."""
        pieces: list[bytes] = []

        def script(peer: Peer) -> None:
            pieces.append(peer.sock.recv(65536))
            peer.send(YES)

        with serving(script) as server, calling(server.url) as client:
            assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
        assert pieces[0].endswith(b'"override": "Hello"}')

    def test_an_answer_that_says_farewell_is_read_whole(self) -> None:
        with serving(once(response(200, YES_BODY, "Connection: close"))) as server, calling(server.url) as client:
            assert {client.start_sms(CALL).thread_id for _ in range(2)} == {"th_1"}
        assert server.connections == 2

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
