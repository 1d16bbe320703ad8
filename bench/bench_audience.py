"""The ten counts of a segment over a million contacts, and what the page of a draft waits for: milliseconds each.

`BENCH_CONTACTS` sets the size; the figures are promised for a million.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from bench.baselines import Figure

CONTACTS = int(os.environ.get("BENCH_CONTACTS", "1000000"))
RUNS = 3  # the median counts
# Half of the people are on list A, a tenth on B; all got campaign X, and a tenth replied.
_FILL = (
    """
INSERT INTO contacts_contact (phone, first_name, last_name, email, company, time_zone, attributes, consent_source,
    consent_at, consent_text, last_texted_at, conversation_open, created_at, updated_at)
SELECT '+1' || (2022000000 + i), 'Person ' || i, 'Miller',
    CASE WHEN mod(i, 3) = 0 THEN 'p' || i || '@example.com' ELSE '' END,
    'Example Inc.', '',
    jsonb_build_object('city', 'City ' || mod(i, 50), 'visits', mod(i, 7),
        'due', (DATE '2026-01-01' + mod(i, 365))::text),
    'form', now() - make_interval(days => mod(i, 700)), 'Yes, text me.',
    CASE WHEN mod(i, 4) > 0 THEN now() - make_interval(days => mod(i, 90)) END, false, now(), now()
FROM generate_series(1, %(contacts)s) AS i
""",
    """
INSERT INTO contacts_membership (contact_id, contact_list_id, added_at)
SELECT id, %(a)s, now() FROM contacts_contact WHERE mod(id, 2) = 0
UNION ALL SELECT id, %(b)s, now() FROM contacts_contact WHERE mod(id, 10) = 0
""",
    """
INSERT INTO campaigns_send (kind, mode, agent_id, campaign_id, contact_id, "to", resend_number, text, trigger, metadata,
    no_agent, state, reason, fence, attempts, crashes, thread_id, delivery, delivery_error, posted_at, finished_at,
    replied_at)
SELECT 'campaign', %(mode)s, %(agent)s, %(campaign)s, id, phone, 0, 'Hello', '', '{}', false, 'accepted', '', 1, 1, 0,
    'thread' || id, 'delivered', '', now(), now(), CASE WHEN mod(id, 10) = 0 THEN now() END
FROM contacts_contact
""",
)
QUESTIONS: dict[str, tuple[str, str, Any]] = {
    "in list A": ("list", "on", "a"),
    "not in list B": ("list", "not_on", "b"),
    "attribute city = X": ("attribute:city", "is", "City 7"),
    "attribute date within 30 days": ("attribute:due", "next_days", 30),
    "has e-mail": ("email", "filled", None),
    "opted in since a date": ("consent_at", "from", "2026-01-01"),
    "never texted": ("texted", "never", None),
    "texted in the last 7 days": ("texted", "last_days", 7),
    "replied to campaign X": ("campaign", "replied", "campaign"),
    "got X and did not reply": ("campaign", "silent", "campaign"),
}


def run() -> Iterable[Figure]:
    """Fill a database of its own, ask the ten questions one by one, and drop it."""
    with emptied() as keys:
        from django.conf import settings

        for mode in ("live", "simulator"):
            settings.REVMO_MODE = mode
            yield from _counts(keys, mode)
            yield from _draft(keys, mode)


def _counts(keys: dict[str, str], mode: str) -> Iterable[Figure]:
    from campaigns.segmenting import Catalogue, Clock, compile_question, read
    from contacts.models import Contact

    catalogue, clock = Catalogue.load(), Clock(datetime.now(UTC), ZoneInfo("America/New_York"))
    for name, (field, op, value) in QUESTIONS.items():
        if mode == "simulator" and field != "texted":
            continue
        rule = {"field": field, "op": op, "value": keys.get(str(value), value)}
        people = Contact.objects.filter(compile_question(read({"rules": [rule]}, catalogue), clock))
        suffix = ", in the simulator" if mode == "simulator" else ""
        yield Figure(
            f"{name}{suffix} ({people.count():,})", median(_milliseconds(people.count) for _ in range(RUNS)), "ms"
        )


def _draft(keys: dict[str, str], mode: str) -> Iterable[Figure]:
    """What the page of a draft waits for: list A, without list B, who had a text this week, and who was silent to X."""
    from campaigns import counting, merge_fields, previewing
    from campaigns.audience import clock_of
    from campaigns.choices import Choice
    from campaigns.glimpsing import Glimpse
    from campaigns.models import Account, Agent, Campaign
    from contacts.models import ContactList

    first, second = (ContactList.objects.get(pk=keys[name]) for name in "ab")
    silent = Campaign.objects.get(pk=keys["campaign"])
    choice = Choice(lists=[first], excluded_lists=[second], excluded_silent=[silent], rest_hours=168)
    clock, draft = clock_of(Account.objects.get()), Campaign(agent=Agent.objects.get(), message="Hi {{ first_name }}")
    asked: dict[str, Callable[[], object]] = {"sum": lambda: counting.count(choice, clock)}
    for pick in previewing.Pick:
        asked[f"preview, {pick}"] = partial(_preview, draft, choice, clock, pick)
    asked["menu of merge tags"] = lambda: merge_fields.merge_fields(Glimpse(choice, clock).some, "Acme")
    for name, ask in asked.items():
        yield Figure(f"a draft's {name}, {mode}", median(_milliseconds(ask) for _ in range(RUNS)), "ms")


def _preview(draft: Any, choice: Any, clock: Any, pick: Any) -> None:
    from campaigns import previewing
    from campaigns.glimpsing import Glimpse

    previewing.preview(draft, Glimpse(choice, clock), pick, 0)


def _milliseconds(ask: Callable[[], object]) -> float:
    begin = time.perf_counter()
    ask()
    return (time.perf_counter() - begin) * 1000


@contextmanager
def emptied() -> Iterator[dict[str, str]]:
    """A database with the people in it, apart from anybody's; the keys of the lists and of the campaign."""
    import django

    from tests import postgres

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    with postgres.server():
        made = setup_databases(verbosity=0, interactive=False)
        try:
            yield _filled()
        finally:
            teardown_databases(made, verbosity=0)
            connection.close()


def _filled() -> dict[str, str]:
    from django.db import connection

    from campaigns.models import Campaign, Mode
    from contacts.models import Attribute
    from tests.makers import make_agent, make_list

    for name, kind in (("city", "text"), ("visits", "number"), ("due", "date")):
        Attribute.objects.create(name=name, label=name, kind=kind)
    first, second, agent = make_list([], "A"), make_list([], "B"), make_agent()
    campaign = Campaign.objects.create(
        name="X", agent=agent, message="Hi", status="finished", mode=Mode.LIVE, launched_at=datetime.now(UTC)
    )
    keys = {"contacts": CONTACTS, "a": first.pk, "b": second.pk, "agent": agent.pk, "campaign": campaign.pk}
    with connection.cursor() as cursor:
        for statement in _FILL:
            cursor.execute(statement, {**keys, "mode": Mode.LIVE.value})
        cursor.execute("VACUUM ANALYZE")
    return {name: str(key) for name, key in keys.items()}
