"""Webhook intake: replies after the commit against a bare view, waits while a campaign sends, and effects counted.

`BENCH_EVENTS` sets how many events are followed to their effect; the figure is promised for 100,000.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection
from standardwebhooks.webhooks import Webhook

from bench import callers, machines
from bench.baselines import Figure
from bench.database import Bench, prepared
from tests.postgres import database_url
from tests.processes import free_port

EVENTS = int(os.environ.get("BENCH_EVENTS", "100000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALLS = 4_000  # a round
PACED_SECONDS, PACE = 20, 200
SENDING = 200  # texts a second, beside
TEXTS = 5_000
# The benches' texts all went to one contact; these are people of their own.
_PEOPLE = (
    """
INSERT INTO contacts_contact (phone, first_name, last_name, email, company, time_zone, attributes, consent_source,
    consent_text, conversation_open, created_at, updated_at)
SELECT '+999' || lpad(n::text, 10, '0'), 'Person', '', '', '', '', '{}', '', '', false, now(), now()
FROM generate_series(1, %(amount)s) AS n ON CONFLICT DO NOTHING
""",
    """
UPDATE campaigns_send AS send SET contact_id = person.id FROM contacts_contact AS person
WHERE person.phone = send."to" AND person.phone <= '+999' || lpad(%(amount)s::text, 10, '0')
    AND send.thread_id <> ''
""",
)
# Of ten events about a text, so many are replies; and one in twenty comes twice.
REPLIES = 1


def run() -> Iterable[Figure]:
    """The three in turn, on one database."""
    with prepared(rows=max(50_000, EVENTS)) as bench, machines.api(50) as api:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_bare")
            cursor.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, body bytea)")
            cursor.execute("TRUNCATE conversations_webhookevent, conversations_conversation CASCADE")
        yield from _replies()
        yield from _while_sending(bench, api)
        yield from _effects(api)
        yield from _texts()


def _replies() -> Iterable[Figure]:
    bare, ours = [], []
    with serving("bench.bare:application") as theirs, serving("revmo_campaigns.wsgi:application") as mine:
        for turn in range(ROUNDS + 1):
            calls = list(signed(receipts(turn * CALLS, CALLS), f"round{turn}"))
            found = [callers.blast(port, calls) for port in (theirs, mine)]
            for answers in found:
                assert answers.statuses == {200: CALLS}, answers.statuses
            if turn:  # the first warms up
                bare.append(found[0].rate)
                ours.append(found[1].rate)
    yield Figure("a bare view with one INSERT", statistics.median(bare), "replies/s")
    yield Figure("our intake, after the commit", statistics.median(ours), "replies/s")
    shares = [100 * one / other for one, other in zip(ours, bare, strict=True)]
    yield Figure("our intake against the bare view", statistics.median(shares), "%")


def _while_sending(bench: Bench, api: machines.Api) -> Iterable[Figure]:
    bench.set(SENDING, 128)
    campaign = bench.campaign(SENDING * PACED_SECONDS * 2)
    with serving("revmo_campaigns.wsgi:application") as port, machines.worker(api.url):
        before = api.told()
        bench.run(campaign)
        api.wait_for(before + SENDING)
        sent, begin = api.told(), time.monotonic()
        answers = callers.pace(port, list(signed(receipts(0, PACE * PACED_SECONDS), "paced")), PACE)
        sent = (api.told() - sent) / (time.monotonic() - begin)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_campaign SET status = 'paused', pause_reason = 'measured' WHERE id = %s", [campaign]
        )
    assert answers.statuses == {200: PACE * PACED_SECONDS}, answers.statuses
    yield Figure(f"beside it a campaign sent, at {SENDING}/s", sent, "texts/s")
    yield Figure(f"wait at {PACE} events/s, median", answers.percentile(50), "ms")
    yield Figure(f"wait at {PACE} events/s, p95", answers.percentile(95), "ms")


def _effects(api: machines.Api) -> Iterable[Figure]:
    """Each text is reported sent and delivered, every tenth event is a reply, every twentieth comes twice."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE conversations_webhookevent, conversations_conversation CASCADE")
        cursor.execute("UPDATE campaigns_send SET replied_at = NULL WHERE replied_at IS NOT NULL")
    bodies = list(mixed(EVENTS))
    with serving("revmo_campaigns.wsgi:application") as port:
        stored = callers.blast(port, signed(bodies, "effect", twice=20))
        begin = time.monotonic()
        with machines.worker(api.url):
            while waiting():
                time.sleep(0.05)
            applied = EVENTS / (time.monotonic() - begin)
    lost, twice = audit(bodies)
    yield Figure("events stored in a flood", stored.rate, "events/s")
    yield Figure("events applied by one worker, its start included", applied, "events/s")
    yield Figure(f"lost of {EVENTS:,}", lost, "events")
    yield Figure(f"applied twice of {EVENTS:,}", twice, "events")


def _texts() -> Iterable[Figure]:
    """Plain replies of as many people, each the first of its conversation, applied in this process."""
    from conversations import applying, intake

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE conversations_webhookevent, conversations_conversation CASCADE")
        for statement in _PEOPLE:
            cursor.execute(statement, {"amount": TEXTS})
    for n in range(TEXTS):
        said = {"from": phone(n), "message_id": f"t{n}", "author": "contact", "body": "Yes, 3 pm works for me."}
        intake.store(f"text_{n}", body("sms.message", n, **said), signed=True)
    begin = time.monotonic()
    applied = applying.apply_waiting(TEXTS)
    yield Figure("plain replies applied", applied / (time.monotonic() - begin), "texts/s")


def waiting() -> bool:
    """Is any event still to be applied?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM conversations_webhookevent WHERE due_at IS NOT NULL)")
        return bool(cursor.fetchone()[0])


def audit(bodies: list[bytes]) -> tuple[int, int]:
    """Events without their effect, and texts told twice."""
    said = [json.loads(body)["data"] for body in bodies]
    texts = [one["message_id"] for one in said if "message_id" in one]
    delivered = [one["thread_id"] for one in said if one.get("status") == "delivered"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE state = 'applied') FROM conversations_webhookevent")
        stored, applied = cursor.fetchone()
        cursor.execute("SELECT count(DISTINCT message_id), count(*) FROM conversations_message")
        told, all_told = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM campaigns_send WHERE thread_id = ANY(%s) AND delivery = 'delivered'", [delivered]
        )
        reached = cursor.fetchone()[0]
    lost = len(bodies) - min(stored, applied) + len(texts) - told + len(set(delivered)) - reached
    return lost, all_told - told + stored - len(bodies)


def receipts(first: int, amount: int) -> Iterator[bytes]:
    """That the texts from `first` on are on their way."""
    for n in range(first, first + amount):
        yield body("sms.status", n, to=phone(n), status="sent")


def mixed(amount: int) -> Iterator[bytes]:
    """Delivered before sent as often as not, and replies between them."""
    for n in range(amount):
        text = n // 10 * 5 + n % 10 // 2
        if n % 10 < REPLIES:
            yield body(
                "sms.message", text, **{"from": phone(text)}, message_id=f"m{n}", author="contact", body="Yes, 3 pm"
            )
        else:
            yield body("sms.status", text, to=phone(text), status=("delivered", "sent")[(n + text) % 2])


def body(kind: str, n: int, **data: str) -> bytes:
    """One event about the text `n`."""
    content = {
        "type": kind,
        "timestamp": datetime.now(UTC).isoformat(),
        "data": {"thread_id": f"thread {n + 1}", **data},
    }
    return json.dumps(content).encode()


def phone(n: int) -> str:
    """The number of the text `n`, as the benches' database has it."""
    return f"+999{n + 1:010d}"


def signed(bodies: Iterable[bytes], name: str, twice: int = 0) -> Iterator[bytes]:
    """Whole requests; each `twice`-th comes once more."""
    webhook = Webhook(SECRET)
    for n, content in enumerate(bodies):
        now = datetime.now(UTC)
        event_id = f"{name}_{n}"
        lines = (
            "POST /webhooks/revmo/ HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            f"webhook-id: {event_id}",
            f"webhook-timestamp: {int(now.timestamp())}",
            f"webhook-signature: {webhook.sign(event_id, now, content.decode())}",
        )
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
        yield request
        if twice and n % twice == 0:
            yield request


@contextmanager
def serving(application: str) -> Iterator[int]:
    """A web server on two processes for the length of the block; its port."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database_url(), "REVMO_WEBHOOK_SECRETS": SECRET, "REVMO_API_KEY": ""}
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *options, "--blocking-threads", "8", application],
        cwd=machines.ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        machines.wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait()
