"""What travels, what proves that nothing left, and what an answer means; the faults are those of the wire."""

import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from revmo.client import InvalidCall, RevmoClient, StartSms
from revmo.connections import ConnectFailed
from revmo.outcomes import Fault, Verdict
from tests.revmo.calls import HEAVY, YES, calling, outcome_of, slow_down_look_ups, unreachable
from tests.revmo.wire import AGENT_ID, CALL, KEY, NUMBER, Peer, answering, once, response, serving


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

    def test_what_the_system_does_not_take_at_once_follows(self) -> None:
        with serving(answering(YES)) as server, calling(server.url) as client:
            assert client.start_sms(HEAVY).verdict is Verdict.ACCEPTED
        assert len(server.requests[0]) > 12_000_000

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
        "url",
        ["", "api.revmo.ai", "ftp://api.revmo.ai", "https://", "https://user:pw@api.revmo.ai", "https://[::1"]
        + [f"https://api.revmo.ai:{port}" for port in ("eighty", "99999", "0")],
    )
    def test_an_impossible_address_is_refused_at_once(self, url: str) -> None:
        with pytest.raises(ValueError, match="Check REVMO_API_URL"):
            RevmoClient(url, KEY)

    def test_an_address_may_stand_under_another(self) -> None:
        with serving(answering(YES)) as server, calling(f"{server.url}/a b/é/") as client:
            assert client.start_sms(CALL).verdict is Verdict.ACCEPTED
        assert server.requests[0].startswith(b"POST /a%20b/%C3%A9/v1/startsms/ HTTP/1.1\r\n")

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

    def test_a_name_that_cannot_be_one(self) -> None:
        with calling(f"http://{'a' * 64}.invalid") as client:
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
                raise ConnectFailed(Fault.REFUSED, "of another call")
            except ConnectFailed:
                outcome = client.start_sms(CALL)
        assert outcome.verdict is Verdict.UNKNOWN


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
