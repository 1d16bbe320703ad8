"""The real server over a socket: floods of copies, raw bytes of any kind, slow and lying callers, a worker killed."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from campaigns.models import Send
from conversations.models import Message, WebhookEvent
from tests.conversations.calls import call, keep, sent_text, signature, status_call, text_call
from tests.conversations.served import served
from tests.processes import start_worker, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

HANDOFF = call("sms.handoff", thread_id="th_1", reason="asks for a person")
# Whatever is not stored must be refused as the caller's doing; 408 and closing are the server's own ways to say so.
REFUSALS = {400, 401, 404, 405, 408, 411, 413, 414, 431, 501, 505}


@pytest.fixture
def port(transactional_db: None) -> Iterator[int]:
    with served() as chosen:
        yield chosen


def request(body: bytes, headers: dict[str, str], *, length: str | None = None, method: str = "POST") -> bytes:
    """A whole request, as lies about its length may have it."""
    lines = [f"{method} /webhooks/revmo/ HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length != "":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(port: int, raw: bytes, *, hang_up: bool = False, patience: float = 30.0) -> int:
    """The status; 0 where the server hangs up without one, as it may where we have hung up first."""
    with socket.create_connection(("127.0.0.1", port), patience) as line:
        try:
            line.sendall(raw)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it may have answered and hung up before we were through
        return _status(line)


def _status(line: socket.socket) -> int:
    try:
        head = line.recv(4096)
    except OSError:
        return 0
    return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0


def test_fifty_copies_at_once_are_one_row_and_all_are_taken(port: int) -> None:
    raw, statuses = request(HANDOFF, signature(HANDOFF, "evt_1")), []
    start = threading.Barrier(50)

    def send() -> None:
        start.wait()
        statuses.append(answer(port, raw))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    assert WebhookEvent.objects.count() == 1


class TestHostileCallers:
    def test_a_body_over_the_cap_is_refused_however_long_it_says_it_is(self, port: int) -> None:
        body = b"x" * (257 * 1024)
        for length in (None, str(10**12)):
            assert answer(port, request(body, signature(b"", "evt_1"), length=length)) in {413, 0}
        assert not WebhookEvent.objects.exists()

    def test_an_endless_chunked_body_is_cut_off(self, port: int) -> None:
        head = request(b"", {"Transfer-Encoding": "chunked", **signature(b"", "evt_1")}, length="")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        assert answer(port, head + chunk * 16 + b"0\r\n\r\n") in {413, 0}
        assert not WebhookEvent.objects.exists()

    def test_a_short_chunked_body_is_verified_like_any_other(self, port: int) -> None:
        head = request(b"", {"Transfer-Encoding": "chunked", **signature(HANDOFF, "evt_1")}, length="")
        raw = head + f"{len(HANDOFF):x}\r\n".encode() + HANDOFF + b"\r\n0\r\n\r\n"
        assert answer(port, raw) == 200
        assert bytes(WebhookEvent.objects.get().body) == HANDOFF

    def test_a_compressed_bomb_is_taken_for_the_bytes_that_it_is(self, port: int) -> None:
        bomb = gzip.compress(b"[" * 50_000_000)
        headers = {"Content-Encoding": "gzip", **signature(b"", "evt_1")}
        assert answer(port, request(bomb, headers)) == 401

    def test_a_caller_who_says_more_than_it_sends_holds_nobody_up(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), 5) as slow:
            slow.sendall(request(b"x", signature(b"", "evt_1"), length="1000"))
            assert answer(port, request(HANDOFF, signature(HANDOFF, "evt_2"))) == 200
        assert WebhookEvent.objects.count() == 1

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'{"n": 1' + b"0" * 400 + b"}", b'{"type": "\\ud800"}'])
    def test_authentic_nonsense_is_kept(self, port: int, body: bytes) -> None:
        assert answer(port, request(body, signature(body, "evt_1"))) == 202
        assert bytes(WebhookEvent.objects.get().body) == body

    @hypothesis_settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(data=st.data())
    def test_no_raw_bytes_are_an_error_of_ours_or_let_in(self, port: int, data: st.DataObject) -> None:
        """Methods, lengths, headers and bodies of any kind; nobody of these holds a secret."""
        text = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60)
        names = st.sampled_from(
            ["webhook-id", "webhook-timestamp", "webhook-signature", "Content-Type", "Expect", "Cookie", "Host"]
        )
        length = data.draw(st.sampled_from([None, "", "0", "-1", "1e3", "99999999999999999999"]))
        raw = request(
            data.draw(st.binary(max_size=300)),
            data.draw(st.dictionaries(names, text, max_size=6)),
            length=length,
            method=data.draw(st.sampled_from(["POST", "GET", "PUT", "HEAD", "OPTIONS", "BREW", "post"])),
        )
        cut = data.draw(st.just(len(raw)) | st.integers(0, len(raw)))
        waits = cut < len(raw) or length == "99999999999999999999"
        assert answer(port, raw[:cut], hang_up=waits) in REFUSALS | {0}

    @hypothesis_settings(
        max_examples=100,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
            max_leaves=12,
        ),
        kind=st.sampled_from(["sms.status", "sms.message", "sms.handoff", "sms.agent", "other"]),
    )
    def test_whatever_is_signed_is_stored(self, port: int, value: Any, kind: str) -> None:
        body = json.dumps({"type": kind, "data": value}).encode()
        before = WebhookEvent.objects.count()
        assert answer(port, request(body, signature(body, f"evt_{time.monotonic_ns()}"))) in {200, 202}
        assert WebhookEvent.objects.count() == before + 1


def test_a_worker_killed_between_storing_and_applying_costs_nothing() -> None:
    """Stored before it is answered; whoever comes next applies it, once."""
    send = sent_text()
    for status in ("delivered", "sent"):
        keep(status_call(send, status))
    for n in range(30):
        keep(text_call(send, f"text {n}"))
    first = start_worker("http://127.0.0.1:9")
    try:
        wait_until(lambda: not first.poll() and WebhookEvent.objects.filter(state="applied").exists())
    finally:
        first.kill()
        first.wait()
    second = start_worker("http://127.0.0.1:9")
    try:
        wait_until(lambda: not WebhookEvent.objects.filter(state="waiting").exists())
    finally:
        second.terminate()
        second.wait(60)
    assert Message.objects.count() == 30
    assert Send.objects.get(pk=send.pk).delivery == "delivered"
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"applied"}
