"""The inbox: opening a conversation among a million, and fifty open pages that ask for news.

Through the web server with a signed-in session, as staff have it. `BENCH_CONVERSATIONS` sets the size; the figures are
promised for a million. While the pages poll, texts keep coming in to them.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import requests

from bench.baselines import Figure
from bench.databases import database
from bench.machines import ROOT

CONVERSATIONS = int(os.environ.get("BENCH_CONVERSATIONS", "1000000"))
OPENINGS = 30
# A server that runs has, in every thread a connection with its statements prepared.
THREADS, WARMING = 8, 96
PAGES, SECONDS = 50, 20
# As the page itself asks: its texts and the list beside them, each every two seconds.
EVERY = 2.0

_FILL = (
    """
INSERT INTO contacts_contact (phone, first_name, last_name, email, company, time_zone, attributes, consent_source,
    consent_text, conversation_open, created_at, updated_at)
SELECT '+1' || (2020000000 + i), 'Person ' || i, 'Miller', '', '', '', '{}', '', '', false, now(), now()
FROM generate_series(1, %(amount)s) AS i
""",
    """
INSERT INTO conversations_conversation (contact_id, agent_id, mode, handoff_reason, unread, last_message_at,
    needs_human_since)
SELECT id, %(agent)s, 'simulator', '', mod(id, 100) = 0, now() - id * interval '1 second',
    CASE WHEN mod(id, 2000) = 0 THEN now() END
FROM contacts_contact
""",
    """
INSERT INTO conversations_message (conversation_id, author, body, thread_id, message_id, at)
SELECT id, 'contact', 'Yes, that works for me. Thank you!', 'th' || id, 'm' || id, last_message_at
FROM conversations_conversation
""",
    # One with a thousand texts, one with ten thousand; a tenth of them are ours.
    """
INSERT INTO conversations_message (conversation_id, author, body, thread_id, message_id, at)
SELECT c.id, CASE WHEN mod(n, 2) = 0 THEN 'agent' ELSE 'contact' END, 'Text number ' || n, 'th' || c.id, 'x' || n,
    now() - n * interval '1 minute'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM conversations_conversation ORDER BY id LIMIT 2) AS c
    CROSS JOIN LATERAL generate_series(1, CASE c.place WHEN 1 THEN 900 ELSE 9000 END) AS n
""",
    """
INSERT INTO campaigns_send (kind, mode, agent_id, contact_id, "to", resend_number, text, trigger, metadata, no_agent,
    state, reason, fence, attempts, crashes, thread_id, delivery, delivery_error, posted_at, finished_at)
SELECT 'reply', 'simulator', %(agent)s, p.id, p.phone, 0, 'Hello ' || n, '', '{"city": "Washington"}', mod(n, 2) = 0,
    'accepted', '', 1, 1, 0, 'th' || p.id, 'delivered', '', now() - n * interval '10 minutes', now()
FROM (SELECT id, phone, row_number() OVER (ORDER BY id) AS place FROM contacts_contact ORDER BY id LIMIT 2) AS p
    CROSS JOIN LATERAL generate_series(1, CASE p.place WHEN 1 THEN 100 ELSE 1000 END) AS n
""",
)
_A_TEXT = """
WITH told AS (
    INSERT INTO conversations_message (conversation_id, author, body, thread_id, message_id, at)
    VALUES (%(key)s, 'contact', 'One more', '', %(id)s, clock_timestamp())
)
UPDATE conversations_conversation SET said = said + 1, unread = true, last_message_at = clock_timestamp()
WHERE id = %(key)s
"""


def run() -> Iterable[Figure]:
    """Fill a database of its own, serve it, and ask as pages do."""
    with database() as url:
        keys = _filled()
        with _served(url) as origin:
            session = _signed_in(origin)
            yield from _openings(session, origin, keys)
            yield from _polling(session, origin, keys)


def _openings(session: requests.Session, origin: str, keys: list[int]) -> Iterable[Figure]:
    pages = {
        "open a conversation of 1,000 texts": f"/conversations/conversation/{keys[0]}/change/?show=all",
        "open a conversation of 10,000 texts": f"/conversations/conversation/{keys[1]}/change/?show=all",
        "open the inbox, every tab counted": "/conversations/conversation/?show=all",
        "search the inbox by last digits": "/conversations/conversation/?show=all&q=4321",
    }
    for name, path in pages.items():
        with ThreadPoolExecutor(THREADS) as warming:
            list(warming.map(session.get, [origin + path] * WARMING))
        taken = [_milliseconds(session, origin + path) for _ in range(OPENINGS)]
        yield Figure(f"{name}, median of {OPENINGS}", median(taken), "ms")
        yield Figure(f"{name}, p95", quantiles(taken, n=20)[-1], "ms")


def _polling(session: requests.Session, origin: str, keys: list[int]) -> Iterable[Figure]:
    """Fifty pages on fifty conversations, half of them beside the list of whom the agent handed over, half beside the
    unread, where every text moves a row; every half second one of them gets a text.
    """
    taken: list[float] = []
    shown = [_opened(session, origin, key, ("human", "unread")[place % 2]) for place, key in enumerate(keys[:PAGES])]
    begins = time.monotonic() + 1
    ends = begins + SECONDS
    pages = [
        threading.Thread(target=_page, args=(page, begins + EVERY * place / PAGES, ends, taken))
        for place, page in enumerate(shown)
    ]
    for page in pages:
        page.start()
    _texts_come_in(keys[:PAGES], ends)
    for page in pages:
        page.join()
    yield Figure(f"{PAGES} open pages, an answer, p50", median(taken), "ms")
    yield Figure(f"{PAGES} open pages, an answer, p95", quantiles(taken, n=20)[-1], "ms")
    yield Figure(f"{PAGES} open pages, answers", len(taken) / SECONDS, "/s")


@dataclass
class _Page:
    """An open page: where it asks, and what it knows already."""

    cookies: dict[str, str]
    news: str
    rows: str
    since: str
    version: str
    digest: str


def _opened(session: requests.Session, origin: str, key: int, show: str) -> _Page:
    address = f"{origin}/conversations/conversation"
    page = session.get(f"{address}/{key}/change/?show={show}").text
    known = (_after(page, "since=", "&"), _after(page, "version=", "&"), _after(page, "digest=", '"'))
    assert all(known), known
    return _Page(
        session.cookies.get_dict(), f"{address}/{key}/news/?show={show}", f"{address}/rows/?show={show}", *known
    )


def _page(page: _Page, asked: float, ends: float, taken: list[float]) -> None:
    session = requests.Session()
    session.cookies.update(page.cookies)
    while asked < ends:
        time.sleep(max(0.0, asked - time.monotonic()))
        answer = _asked(session, f"{page.news}&since={page.since}&version={page.version}", taken)
        page.version = _after(answer, "version=", "&") or page.version
        answer = _asked(session, f"{page.rows}&digest={page.digest}", taken)
        page.digest = _after(answer, "digest=", '"') or page.digest
        asked += EVERY


def _asked(session: requests.Session, address: str, taken: list[float]) -> str:
    """The answer, which is empty where nothing is new; how long it took goes to `taken`."""
    begin = time.perf_counter()
    answer = session.get(address)
    taken.append((time.perf_counter() - begin) * 1000)
    assert answer.status_code in (200, 204), answer.status_code
    return answer.text


def _texts_come_in(keys: list[int], ends: float) -> None:
    from django.db import connection

    number = 0
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute(_A_TEXT, {"key": keys[number % len(keys)], "id": f"new{number}"})
            number += 1
            time.sleep(0.5)


def _after(text: str, mark: str, end: str) -> str:
    return text.partition(mark)[2].partition(end)[0]


def _milliseconds(session: requests.Session, address: str) -> float:
    begin = time.perf_counter()
    assert session.get(address).status_code == 200
    return (time.perf_counter() - begin) * 1000


def _filled() -> list[int]:
    """The keys of some conversations: that of a thousand texts, that of ten thousand, and others."""
    from django.db import connection

    from tests.makers import make_agent

    named: dict[str, Any] = {"amount": CONVERSATIONS, "agent": make_agent().pk}
    with connection.cursor() as cursor:
        for statement in _FILL:
            cursor.execute(statement, named)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT id FROM conversations_conversation ORDER BY id LIMIT %s", [PAGES + 2])
        return [row[0] for row in cursor.fetchall()]


def _signed_in(origin: str) -> requests.Session:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_superuser("bench"))
    session = requests.Session()
    session.cookies.set("sessionid", client.cookies["sessionid"].value, domain="127.0.0.1")
    return session


@contextmanager
def _served(url: str) -> Iterator[str]:
    """The web server as the demo runs it."""
    from tests.processes import free_port, wait_until

    port = free_port()
    environment = {**os.environ, "DATABASE_URL": url, "REVMO_API_KEY": ""}
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    web += ["--workers", "1", "--blocking-threads", str(THREADS), "revmo_campaigns.wsgi:application"]
    process = subprocess.Popen(web, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    origin = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(origin))
        yield origin
    finally:
        process.terminate()
        process.wait()


def _answers(origin: str) -> bool:
    try:
        return requests.get(f"{origin}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
