"""A rehearsal of a hundred thousand people: rendered, timed in their zones, counted, written. Seconds.

`BENCH_REHEARSED` sets the size; the figure is promised for a hundred thousand.
"""

import os
import time
from collections.abc import Iterable
from typing import Any

from bench.baselines import Figure
from bench.databases import database

PEOPLE = int(os.environ.get("BENCH_REHEARSED", "100000"))
RUNS = 3  # the median counts
# Area codes of six states and zones, one of them in doubt.
_FILL = """
INSERT INTO contacts_contact (phone, first_name, last_name, email, company, time_zone, attributes, consent_source,
    consent_text, conversation_open, created_at, updated_at)
SELECT '+1' || (ARRAY['202', '713', '305', '602', '213', '907'])[1 + mod(i, 6)] || lpad((2000000 + i)::text, 7, '0'),
    'Person ' || i, 'Miller', '', 'Example Inc.', '', jsonb_build_object('city', 'City ' || mod(i, 50)),
    '', '', false, now(), now()
FROM generate_series(1, %(people)s) AS i
"""
_ENLIST = """
INSERT INTO contacts_membership (contact_id, contact_list_id, added_at)
SELECT id, %(list)s, now() FROM contacts_contact
"""


def run() -> Iterable[Figure]:
    """The same rehearsal again and again; the older snapshot is deleted within the time."""
    with database():
        from campaigns import rehearsal

        campaign = filled(PEOPLE)
        seconds = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            snapshot = rehearsal.rehearse(campaign)
            seconds.append(time.perf_counter() - begin)
            assert snapshot.will_send == PEOPLE
        middle = sorted(seconds)[RUNS // 2]
        yield Figure(f"a rehearsal of {PEOPLE:,}", middle, "s")
        yield Figure("people rehearsed", PEOPLE / middle, "per second")


def filled(people: int) -> Any:
    """A draft to that many people, texted when it is lawful where they are."""
    from django.db import connection

    from tests.makers import make_campaign

    message = 'Hi {{ first_name | default: "there" }}, your visit in {{ city }} is tomorrow at nine. Reply STOP to end.'
    campaign = make_campaign(any_hour=False, message=message, metadata={"city": "{{ city }}"})
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"people": people})
        cursor.execute(_ENLIST, {"list": campaign.lists.get().pk})
        cursor.execute("VACUUM ANALYZE")
    return campaign
