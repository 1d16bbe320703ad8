"""The same call over TLS, with a certificate that nobody trusts unless a test says so."""

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path

import pytest

from revmo.client import RevmoClient
from revmo.outcomes import Outcome, Verdict
from tests.revmo.calls import HEAVY, YES
from tests.revmo.wire import CALL, KEY, PATIENCE, Peer, Script, answering, response, serving

CERTIFICATE = Path(__file__).parent.parent / "fixtures" / "tls" / "localhost.pem"


def over_tls(script: Script) -> Script:
    """The script behind a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def secured(peer: Peer) -> None:
        with suppress(ssl.SSLError):
            peer.sock = context.wrap_socket(peer.sock, server_side=True)
            try:
                script(peer)
            finally:
                peer.sock.close()

    return secured


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our certificate in the place of the world's."""
    trust = ssl.create_default_context(cafile=CERTIFICATE)
    monkeypatch.setattr("revmo.connections._trust", lambda: trust)


def outcome_of(script: Script, host: str = "127.0.0.1", **options: float) -> tuple[Outcome, int]:
    """What one call comes to, and how many requests the server saw."""
    defaults = {"connect_timeout": 2.0, "read_timeout": 2.0, "total_deadline": 4.0}
    with serving(script) as server:
        client = RevmoClient(f"https://{host}:{server.port}", KEY, **defaults | options)
        outcome = client.start_sms(CALL)
        client.close()
        return outcome, len(server.requests)


@pytest.mark.usefixtures("_trusted")
class TestTrusted:
    def test_the_call_goes_through_and_the_connection_is_used_again(self) -> None:
        with serving(over_tls(answering(YES))) as server:
            client = RevmoClient(server.secure_url, KEY)
            assert {client.start_sms(CALL).thread_id for _ in range(3)} == {"th_1"}
            client.close()
        assert (len(server.requests), server.connections) == (3, 1)

    def test_a_heavy_call_and_a_long_answer_go_through(self) -> None:
        """What TLS has read ahead is no news to the socket; waiting for it would last for ever."""
        long = response(200, b'{"result": "Ok", "thread_id": "th_1", "note": "' + b"y" * 60_000 + b'"}')
        with serving(over_tls(answering(long))) as server:
            client = RevmoClient(server.secure_url, KEY, read_timeout=5, total_deadline=5)
            assert [client.start_sms(call).thread_id for call in (HEAVY, CALL)] == ["th_1", "th_1"]
            client.close()
        assert (len(server.requests), server.connections) == (2, 1)

    def test_a_drip_ends_with_the_total_deadline(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2000)

        begun = time.monotonic()
        outcome, requests = outcome_of(over_tls(script), read_timeout=0.5, total_deadline=0.8)

        assert time.monotonic() - begun < PATIENCE / 2
        assert (outcome.verdict, outcome.reason, requests) == (Verdict.UNKNOWN, "deadline", 1)

    def test_a_connection_that_breaks_off_after_the_request_is_unknown(self) -> None:
        def script(peer: Peer) -> None:
            peer.read_request()
            peer.reset()

        outcome, requests = outcome_of(over_tls(script))
        assert (outcome.verdict, requests) == (Verdict.UNKNOWN, 1)

    def test_a_certificate_for_another_name_halts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args: look_up("127.0.0.1", *args))
        outcome, requests = outcome_of(over_tls(answering(YES)), host="api.example")
        assert (outcome.verdict, outcome.reason, requests) == (Verdict.HALT, "tls", 0)


def test_a_certificate_that_nobody_vouches_for_halts() -> None:
    outcome, requests = outcome_of(over_tls(answering(YES)))
    assert (outcome.verdict, outcome.reason, requests) == (Verdict.HALT, "tls", 0)


def test_a_server_without_tls_halts() -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    outcome, requests = outcome_of(script)
    assert (outcome.verdict, outcome.reason, requests) == (Verdict.HALT, "tls", 0)


def test_a_handshake_that_hangs_is_unknown() -> None:
    outcome, _ = outcome_of(Peer.wait_for_hang_up, connect_timeout=0.1)
    assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "read_timeout")


def test_a_handshake_that_drips_ends_with_the_connect_timeout() -> None:
    begun = time.monotonic()
    outcome, _ = outcome_of(lambda peer: peer.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 2000), connect_timeout=0.3)
    assert time.monotonic() - begun < PATIENCE / 2
    assert outcome.verdict is Verdict.UNKNOWN


def test_a_handshake_that_breaks_off_is_unknown() -> None:
    def hang_up(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.sock.shutdown(socket.SHUT_RDWR)

    outcome, _ = outcome_of(hang_up)
    assert outcome.verdict is Verdict.UNKNOWN
