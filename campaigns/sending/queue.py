"""The queue: claim what is due, give back what was not sent.

Order of locks, so that nobody deadlocks: numbers (advisory, sorted), account, campaign, pace, sends (by id), contacts
(by id). Whoever needs only a later one skips the earlier ones, and whoever takes sends in any other order passes over
those that are locked. Everything runs on Django's connection of the calling thread.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from campaigns.models import Account, Mode
from campaigns.sending.statements import run

# A row that took its worker down this often before an intent is left alone.
MAX_CRASHES = 3
LAST_CHANCE = MAX_CRASHES - 1


class Claimed(NamedTuple):
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


# Which stands in the migrations, and there says why. Its LAST_CHANCE is ours.
_CLAIM = """
SELECT * FROM campaigns_claim(%(account)s::bigint, %(mode)s::text, %(limit)s::int, %(lease)s::float8, %(urgent)s::bool,
    %(last_chance)s::bool)
"""


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
