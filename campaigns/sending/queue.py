"""The queue: claim what is due, give back what was not sent, end what an opt-out forbids.

Order of locks, so that nobody deadlocks: numbers (advisory, sorted), account, campaign, pace, send, contact. Whoever
needs only a later one skips the earlier ones. Everything runs on Django's connection of the calling thread.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Now

from campaigns.models import Account, Mode, Send
from campaigns.sending.statements import run


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


# Replies and tests stand under no campaign. Each running campaign gives its share, so that a small one does not wait
# behind a large one; one that does not run is not even looked at.
_CLAIM = """
WITH ours AS (
    SELECT id FROM campaigns_send
    WHERE state = 'queued' AND campaign_id IS NULL AND due_at <= statement_timestamp() AND mode = %(mode)s
        AND agent_id IN (SELECT id FROM campaigns_agent WHERE account_id = %(account)s)
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), running AS MATERIALIZED (
    SELECT campaign.id FROM campaigns_campaign AS campaign JOIN campaigns_agent AS agent ON agent.id = campaign.agent_id
    WHERE agent.account_id = %(account)s AND campaign.status = 'running' AND campaign.mode = %(mode)s
        AND NOT %(urgent)s
), due AS (
    SELECT picked.id FROM running CROSS JOIN LATERAL (
        SELECT id FROM campaigns_send
        WHERE state = 'queued' AND campaign_id = running.id AND due_at <= statement_timestamp() AND mode = %(mode)s
        ORDER BY due_at, id LIMIT (SELECT ceil(%(limit)s::numeric / count(*)) FROM running) FOR UPDATE SKIP LOCKED
    ) AS picked
)
UPDATE campaigns_send AS send
SET state = 'claimed', fence = send.fence + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM campaigns_agent AS agent
WHERE send.agent_id = agent.id
    AND send.id = ANY(ARRAY(SELECT id FROM ours UNION ALL SELECT id FROM due LIMIT %(limit)s))
RETURNING send.id, send.fence, send.campaign_id, send."to", agent.agent_id, send.text, send.trigger,
    send.metadata::text, send.no_agent, send.attempts
"""


def claim(account: Account, mode: Mode, limit: int, lease: float, *, urgent: bool = False) -> list[Claimed]:
    """Lease up to `limit` due sends of the account for `lease` seconds: replies and tests first, campaigns in turn.

    `urgent`: replies and tests alone.
    """
    arguments = {"account": account.pk, "mode": mode.value, "limit": limit, "lease": lease, "urgent": urgent}
    rows = sorted(run(_CLAIM, arguments), key=lambda row: (row[2] is not None, row[0]))
    return [_claimed(*row) for row in rows]


def _claimed(*row: Any) -> Claimed:
    pk, fence, campaign, to, agent, text, trigger, metadata, no_agent, attempts = row
    return Claimed(pk, fence, campaign, to, agent, text, trigger, _loads(metadata), no_agent, attempts)


_GIVE_BACK = """
UPDATE campaigns_send AS send SET state = 'queued', lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(fences)s::int[]) AS ours(id, fence)
WHERE send.id = ours.id AND send.fence = ours.fence AND (send.state = 'claimed') IS TRUE
"""


def give_back(claims: Sequence[Claimed]) -> None:
    """Queue again what was claimed and never intended."""
    if claims:
        run(_GIVE_BACK, arrays(claims))


def suppress_unsent(phones: Sequence[str]) -> int:
    """End every send to these numbers for which no intent is committed; inside the opt-out's transaction."""
    return Send.objects.filter(to__in=phones, state__in=Send.UNSENT).update(
        state=Send.State.SUPPRESSED,
        reason="This number has opted out.",
        lease_until=None,
        finished_at=Now(),
    )


def arrays(claims: Sequence[Claimed]) -> dict[str, Any]:
    """Ids and fences as a statement takes them."""
    return {"ids": [claim.id for claim in claims], "fences": [claim.fence for claim in claims]}


def _loads(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
