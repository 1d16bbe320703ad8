"""The queue: claim what is due, give back what was not sent.

Order of locks, so that nobody deadlocks: numbers (advisory, sorted), account, campaign, pace, sends (by id), contacts
(by id). Whoever needs only a later one skips the earlier ones, and whoever takes sends in any other order passes over
those that are locked. Everything runs on Django's connection of the calling thread.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.models import Account, Mode
from campaigns.sending.statements import run

# A row that took its worker down this often before an intent is left alone.
MAX_CRASHES = 3
LAST_CHANCE = MAX_CRASHES - 1


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
    crashes: int = 0


# Replies and tests stand under no campaign. Each running campaign that owes something now gives its share, so that a
# small one does not wait behind a large one; one that does not run is not even looked at.
# What would fail with one more crash is claimed alone: a text that stops its worker must not take others along.
_CLAIM = f"""
WITH ours AS (
    SELECT id FROM campaigns_send
    WHERE state = 'queued' AND campaign_id IS NULL AND due_at <= statement_timestamp() AND mode = %(mode)s
        AND crashes < {LAST_CHANCE}
        AND agent_id IN (SELECT id FROM campaigns_agent WHERE account_id = %(account)s)
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), running AS MATERIALIZED (
    SELECT campaign.id FROM campaigns_campaign AS campaign JOIN campaigns_agent AS agent ON agent.id = campaign.agent_id
    WHERE agent.account_id = %(account)s AND campaign.status = 'running' AND campaign.mode = %(mode)s
        AND NOT %(urgent)s AND EXISTS (
            SELECT FROM campaigns_send WHERE state = 'queued' AND campaign_id = campaign.id
                AND due_at <= statement_timestamp() AND mode = %(mode)s)
), due AS (
    SELECT picked.id FROM running CROSS JOIN LATERAL (
        SELECT id FROM campaigns_send
        WHERE state = 'queued' AND campaign_id = running.id AND due_at <= statement_timestamp() AND mode = %(mode)s
            AND crashes < {LAST_CHANCE}
        ORDER BY due_at, id LIMIT (SELECT ceil(%(limit)s::numeric / count(*)) FROM running) FOR UPDATE SKIP LOCKED
    ) AS picked
), alone AS (
    SELECT id FROM campaigns_send
    WHERE state = 'queued' AND crashes >= {LAST_CHANCE} AND %(last_chance)s
        AND due_at <= statement_timestamp() AND mode = %(mode)s
        AND agent_id IN (SELECT id FROM campaigns_agent WHERE account_id = %(account)s)
        AND (campaign_id IS NULL OR campaign_id IN (SELECT id FROM running))
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_send AS send
SET state = 'claimed', fence = send.fence + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM campaigns_agent AS agent
WHERE send.agent_id = agent.id
    AND send.id = ANY(ARRAY(
        SELECT id FROM alone UNION ALL SELECT id FROM ours UNION ALL SELECT id FROM due LIMIT %(limit)s))
RETURNING send.id, send.fence, send.campaign_id, send."to", agent.agent_id, send.text, send.trigger,
    send.metadata::text, send.no_agent, send.attempts, send.crashes
"""  # noqa: S608  (our own number)


def claim(
    account: Account, mode: Mode, limit: int, lease: float, *, urgent: bool = False, last_chance: bool = True
) -> list[Claimed]:
    """Lease up to `limit` due sends of the account for `lease` seconds: replies and tests first, campaigns in turn.

    `urgent`: replies and tests alone. `last_chance`: also one of those that fail with one more crash; no worker should
    have two of them in hand.
    """
    arguments = {
        "account": account.pk,
        "mode": mode.value,
        "limit": limit,
        "lease": lease,
        "urgent": urgent,
        "last_chance": last_chance,
    }
    rows = sorted(run(_CLAIM, arguments), key=lambda row: (row[2] is not None, row[0]))
    return [_claimed(*row) for row in rows]


def _claimed(*row: Any) -> Claimed:
    pk, fence, campaign, to, agent, text, trigger, metadata, *rest = row
    return Claimed(pk, fence, campaign, to, agent, text, trigger, _loads(metadata), *rest)


_GIVE_BACK = """
UPDATE campaigns_send SET state = 'queued', lease_until = NULL
WHERE id = ANY(ARRAY(
    SELECT send.id FROM campaigns_send AS send
    JOIN unnest(%(ids)s::bigint[], %(fences)s::int[]) AS ours(id, fence) ON send.id = ours.id
    WHERE send.fence = ours.fence AND (send.state = 'claimed') IS TRUE FOR UPDATE OF send SKIP LOCKED))
"""


def give_back(claims: Sequence[Claimed]) -> None:
    """Queue again what was claimed and never intended; what somebody else has just locked to end it, is theirs."""
    if claims:
        run(_GIVE_BACK, arrays(claims))


def arrays(claims: Sequence[Claimed]) -> dict[str, Any]:
    """Ids and fences as a statement takes them."""
    return {"ids": [claim.id for claim in claims], "fences": [claim.fence for claim in claims]}


def _loads(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
