"""The guarded statements that move a send.

Order of locks, so that nobody deadlocks: account, campaign, pace, numbers (advisory, sorted), send. A statement that
needs only a later one skips the earlier ones. Every function runs on Django's connection of the calling thread.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.models import Account, Campaign, Mode, Send
from campaigns.sending import pacing
from contacts.suppressing import lock_numbers

# A row that took its worker down this often before an intent is left alone.
MAX_CRASHES = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """A send leased to us, with all that the call needs. `fence` proves that the lease is still ours."""

    id: int
    fence: int
    campaign_id: int | None
    to: str
    agent_id: str
    text: str
    trigger: str
    metadata: dict[str, Any]
    no_agent: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one posting. `delay` in seconds, for what is queued again."""

    id: int
    fence: int
    state: str
    reason: str = ""
    thread_id: str = ""
    http_status: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Intents:
    """What one attempt to commit intents came to."""

    posting: list[Claimed] = field(default_factory=list)
    waiting: list[Claimed] = field(default_factory=list)  # still claimed by us, the pace has no room yet
    wait_seconds: float = 0.0


_CLAIM = """
WITH due AS (
    SELECT picked.id FROM unnest(%(campaigns)s::bigint[]) AS wanted(campaign_id)
    CROSS JOIN LATERAL (
        SELECT id FROM campaigns_send
        WHERE state = 'queued' AND campaign_id = wanted.campaign_id AND due_at <= statement_timestamp()
            AND mode = %(mode)s
        ORDER BY due_at, id LIMIT %(share)s FOR UPDATE SKIP LOCKED
    ) AS picked
), ours AS (
    SELECT id FROM campaigns_send
    WHERE state = 'queued' AND campaign_id IS NULL AND due_at <= statement_timestamp() AND mode = %(mode)s
        AND agent_id = ANY(%(agents)s)
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_send AS send
SET state = 'claimed', fence = send.fence + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM campaigns_agent AS agent
WHERE send.agent_id = agent.id
    AND send.id = ANY(ARRAY(SELECT id FROM ours UNION ALL SELECT id FROM due LIMIT %(limit)s))
RETURNING send.id, send.fence, send.campaign_id, send."to", agent.agent_id, send.text, send.trigger,
    send.metadata::text, send.no_agent, send.attempts
"""


def claim(account: Account, mode: Mode, limit: int, lease: float) -> list[Claimed]:
    """Lease up to `limit` due sends of the account for `lease` seconds: replies and tests first, campaigns in turn."""
    agents = list(account.agents.values_list("id", flat=True))
    running = list(
        Campaign.objects.filter(agent__in=agents, status=Campaign.Status.RUNNING, mode=mode)
        .order_by("id")
        .values_list("id", flat=True)
    )
    share = max(1, -(-limit // max(1, len(running))))
    arguments: dict[str, Any] = {
        "campaigns": running,
        "agents": agents,
        "mode": mode.value,
        "share": share,
        "limit": limit,
        "lease": lease,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, arguments)
        rows = cursor.fetchall()
    return [_claimed(*row) for row in sorted(rows)]


def _claimed(*row: Any) -> Claimed:
    *call, metadata, no_agent, attempts = row
    return Claimed(*call, metadata=_loads(metadata), no_agent=no_agent, attempts=attempts)  # type: ignore[misc]


_COMMIT_INTENTS = """
UPDATE campaigns_send AS send
SET state = 'posting', attempts = send.attempts + 1, posted_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM unnest(%(ids)s::bigint[], %(fences)s::int[]) AS ours(id, fence)
WHERE send.id = ours.id AND send.fence = ours.fence AND send.state = 'claimed' AND send.mode = %(mode)s
    AND send.lease_until > clock_timestamp()
    AND (send.window_ends_at IS NULL OR clock_timestamp() < send.window_ends_at)
    AND (send.expires_at IS NULL OR clock_timestamp() < send.expires_at)
    AND (send.campaign_id IS NULL OR send.campaign_id = ANY(%(running)s))
    AND NOT EXISTS (
        SELECT FROM contacts_suppression AS suppression
        WHERE suppression.phone = send."to" AND suppression.lifted_at IS NULL
    )
RETURNING send.id
"""

# What may not be sent now ends or goes back, under the same locks and for the same reasons that the intent read.
_DISMISS = """
UPDATE campaigns_send AS send
SET lease_until = NULL,
    state = CASE WHEN suppression.id IS NOT NULL THEN 'suppressed'
                 WHEN send.expires_at <= clock_timestamp() THEN 'expired'
                 ELSE 'queued' END,
    reason = CASE WHEN suppression.id IS NOT NULL THEN 'This number has opted out.'
                  WHEN send.expires_at <= clock_timestamp() THEN 'The time for this text was over.'
                  ELSE send.reason END,
    finished_at = CASE WHEN suppression.id IS NOT NULL OR send.expires_at <= clock_timestamp()
                       THEN clock_timestamp() END
FROM unnest(%(ids)s::bigint[], %(fences)s::int[]) AS ours(id, fence)
JOIN campaigns_send AS old ON old.id = ours.id
LEFT JOIN contacts_suppression AS suppression ON suppression.phone = old."to" AND suppression.lifted_at IS NULL
WHERE send.id = ours.id AND send.fence = ours.fence AND send.state = 'claimed'
RETURNING send.id, send.state, send.window_ends_at
"""


def commit_intents(account: Account, mode: Mode, claims: Sequence[Claimed], lease: float) -> tuple[Intents, list[int]]:
    """Commit the intent to send for as many of `claims` as the pace allows; nothing may reach a socket before.

    Suppression, pause, cancel, send window, end and daily allowance are checked here, after the locks that their
    changes need are held (promise 3). What may not go is dismissed. Returns the intents, and the ids of sends that
    went back because their window closed: they want a new one.
    """
    if not claims:
        return Intents(), []
    with transaction.atomic():
        running = _lock_and_check(account, claims)
        if running is None:
            _dismiss(claims)
            return Intents(), []
        ready = [claim for claim in claims if _runs(claim, running)]
        pace = pacing.take(account, mode, len(ready))
        candidates = ready[: pace.granted]
        lock_numbers([claim.to for claim in candidates], shared=True)
        posted = _post(mode, candidates, running, lease)
        pace.give_back(len(candidates) - len(posted))
        pace.save()
        refused = [claim for claim in candidates if claim.id not in posted]
        closed = _dismiss([*refused, *(claim for claim in claims if not _runs(claim, running))])
    posting = [claim for claim in candidates if claim.id in posted]
    return Intents(posting, ready[pace.granted :], pace.wait_seconds), closed


def _lock_and_check(account: Account, claims: Sequence[Claimed]) -> set[int] | None:
    """Hold account and campaigns against a pause until we commit; the campaigns that run, or None: the account rests.

    FOR SHARE, not FOR UPDATE: workers do not wait for one another, only for a person's pause or cancel.
    """
    campaigns = sorted({claim.campaign_id for claim in claims if claim.campaign_id is not None})
    with connection.cursor() as cursor:
        cursor.execute("SELECT paused_at IS NULL FROM campaigns_account WHERE id = %s FOR SHARE", [account.pk])
        row = cursor.fetchone()
        if row is None or not row[0]:
            return None
        cursor.execute(
            "SELECT id, status FROM campaigns_campaign WHERE id = ANY(%s) ORDER BY id FOR SHARE", [campaigns]
        )
        return {campaign for campaign, status in cursor.fetchall() if status == Campaign.Status.RUNNING}


def _runs(claim: Claimed, running: set[int]) -> bool:
    return claim.campaign_id is None or claim.campaign_id in running


def _post(mode: Mode, claims: Sequence[Claimed], running: set[int], lease: float) -> set[int]:
    arguments = _arrays(claims) | {"mode": mode.value, "running": list(running), "lease": lease}
    with connection.cursor() as cursor:
        cursor.execute(_COMMIT_INTENTS, arguments)
        return {row[0] for row in cursor.fetchall()}


def _dismiss(claims: Sequence[Claimed]) -> list[int]:
    """End or give back claims that may not be sent; the ids of those whose window has closed."""
    if not claims:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_DISMISS, _arrays(claims))
        rows = cursor.fetchall()
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]
    return [pk for pk, state, ends in rows if state == Send.State.QUEUED and ends is not None and ends <= now]


_GIVE_BACK = """
UPDATE campaigns_send AS send SET state = 'queued', lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(fences)s::int[]) AS ours(id, fence)
WHERE send.id = ours.id AND send.fence = ours.fence AND send.state = 'claimed'
"""


def give_back(claims: Sequence[Claimed]) -> None:
    """Queue again what was claimed and never intended, at a stop."""
    if claims:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, _arrays(claims))


_RECORD = """
UPDATE campaigns_send AS send
SET state = result.state, reason = result.reason, lease_until = NULL,
    thread_id = CASE WHEN result.thread_id = '' THEN send.thread_id ELSE result.thread_id END,
    http_status = result.http_status,
    due_at = CASE WHEN result.state = 'queued' THEN clock_timestamp() + make_interval(secs => result.delay)
                  ELSE send.due_at END,
    finished_at = CASE WHEN result.state = 'queued' THEN NULL ELSE clock_timestamp() END
FROM unnest(%(ids)s::bigint[], %(fences)s::int[], %(states)s::text[], %(reasons)s::text[], %(threads)s::text[],
            %(statuses)s::int[], %(delays)s::float[])
    AS result(id, fence, state, reason, thread_id, http_status, delay)
WHERE send.id = result.id AND send.fence = result.fence
    AND (send.state = 'posting' OR (send.state = 'unknown' AND result.state = 'accepted'))
RETURNING send.id, send.state, send.contact_id, send.mode, send.posted_at
"""

_TEXTED = """
UPDATE contacts_contact AS contact SET last_texted_at = GREATEST(contact.last_texted_at, texted.at)
FROM unnest(%s::bigint[], %s::timestamptz[]) AS texted(id, at) WHERE contact.id = texted.id
"""


def record(results: Sequence[Result]) -> set[int]:
    """Write outcomes under their fence; the ids that were written.

    A late yes of the same holder still turns its unknown into accepted; nothing else moves an unknown here. A live text
    that may have left counts for its contact; a simulated one never does (promise 7).
    """
    if not results:
        return set()
    arguments: dict[str, Any] = {
        "ids": [result.id for result in results],
        "fences": [result.fence for result in results],
        "states": [result.state for result in results],
        "reasons": [result.reason for result in results],
        "threads": [result.thread_id for result in results],
        "statuses": [result.http_status for result in results],
        "delays": [result.delay for result in results],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, arguments)
        rows = cursor.fetchall()
        _note_texted(
            {row[2]: row[4] for row in rows if row[1] in ("accepted", "unknown") and row[3] == Mode.LIVE and row[2]}
        )
    return {row[0] for row in rows}


def _note_texted(texted: dict[int, datetime]) -> None:
    if not texted:
        return
    contacts = sorted(texted)
    with connection.cursor() as cursor:
        # In one order, because two batches may hold texts to the same people.
        cursor.execute("SELECT 1 FROM contacts_contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [contacts])
        cursor.execute(_TEXTED, [contacts, [texted[contact] for contact in contacts]])


_REAP_CLAIMED = """
UPDATE campaigns_send SET lease_until = NULL, crashes = crashes + 1,
    state = CASE WHEN crashes + 1 >= %(crashes)s THEN 'failed' ELSE 'queued' END,
    reason = CASE WHEN crashes + 1 >= %(crashes)s
        THEN 'Something about this text stops our sender again and again. It was never sent.' ELSE reason END,
    finished_at = CASE WHEN crashes + 1 >= %(crashes)s THEN clock_timestamp() END
WHERE id = ANY(ARRAY(
    SELECT id FROM campaigns_send WHERE lease_until < statement_timestamp() AND state = 'claimed'
    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))
"""
_REAP_POSTING = """
UPDATE campaigns_send SET lease_until = NULL, state = 'unknown', finished_at = clock_timestamp(),
    reason = 'Our sender stopped while this text was on its way to Revmo. It may or may not have been sent.'
WHERE id = ANY(ARRAY(
    SELECT id FROM campaigns_send WHERE lease_until < statement_timestamp() AND state = 'posting'
    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))
"""


def reap() -> tuple[int, int]:
    """Take back what dead workers held: claimed → queued, posting → unknown. Returns how many of each."""
    with connection.cursor() as cursor:
        cursor.execute(_REAP_CLAIMED, {"crashes": MAX_CRASHES})
        claimed = cursor.rowcount
        cursor.execute(_REAP_POSTING)
        return claimed, cursor.rowcount


def suppress_unsent(phones: Sequence[str]) -> int:
    """End every send to these numbers for which no intent is committed; inside the opt-out's transaction."""
    return Send.objects.filter(to__in=phones, state__in=Send.UNSENT).update(
        state=Send.State.SUPPRESSED,
        reason="This number has opted out.",
        lease_until=None,
        finished_at=Now(),
    )


def _arrays(claims: Sequence[Claimed]) -> dict[str, Any]:
    return {"ids": [claim.id for claim in claims], "fences": [claim.fence for claim in claims]}


def _loads(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
