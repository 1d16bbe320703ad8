"""A launch of a million texts against a loop of the ORM's bulk_create, with every constraint. Rows a second.

`BENCH_LAUNCHED` sets the size; the figure is promised for a million.
"""

import os
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from bench.baselines import Figure
from bench.bench_rehearsing import filled
from bench.databases import database

TEXTS = int(os.environ.get("BENCH_LAUNCHED", "1000000"))
# The loop is as fast at the end as at the beginning, so a part of it tells.
LOOPED = max(TEXTS // 5, 1)
BATCH = 2_000


def run() -> Iterable[Figure]:
    """Both on the same rows of the same server, the loop first, into the same table."""
    with database():
        from campaigns import launching, rehearsal

        campaign = filled(TEXTS)
        snapshot = rehearsal.rehearse(campaign)
        looped = _loop(campaign, snapshot)
        begin = time.perf_counter()
        launching.launch(campaign, snapshot)
        launched = TEXTS / (time.perf_counter() - begin)
        assert campaign.sends.count() == TEXTS
        yield Figure("an ORM loop", looped, "texts/s")
        yield Figure(f"a launch of {TEXTS:,}", launched, "texts/s")
        yield Figure("a launch against the loop", launched / looped, "times")


def _loop(campaign: Any, snapshot: Any) -> float:
    """What one would write: read the snapshot, make the sends, insert them by batches; each batch a transaction."""
    from campaigns.models import Campaign, Mode, Send

    other = Campaign.objects.create(name="Loop", agent=campaign.agent, message="Hi", any_hour=True)
    texts = snapshot.texts.filter(outcome="will_send").iterator(chunk_size=BATCH)
    begin = time.perf_counter()
    for _ in range(0, LOOPED, BATCH):
        Send.objects.bulk_create(
            Send(
                kind=Send.Kind.CAMPAIGN,
                mode=Mode.SIMULATOR,
                agent_id=campaign.agent_id,
                campaign_id=other.pk,
                contact_id=text.contact_id,
                to=text.phone,
                text=text.text,
                metadata=text.metadata,
                due_at=text.due_at,
                window_ends_at=text.window_ends_at,
            )
            for text in islice(texts, BATCH)
        )
    rate = LOOPED / (time.perf_counter() - begin)
    Send.objects.filter(campaign=other).delete()
    other.delete()
    return rate
