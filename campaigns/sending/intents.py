"""The intent: the committed decision to send, and the last moment at which anything can forbid it (promise 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from campaigns.models import Account, Mode
from campaigns.sending import pacing
from campaigns.sending.pacing import Grant
from campaigns.sending.queue import Claimed, arrays
from campaigns.sending.statements import run
from contacts.suppressing import lock_numbers


@dataclass(frozen=True, slots=True)
class Intents:
    """What one attempt to commit intents came to."""

    posting: list[Claimed] = field(default_factory=list)
    waiting: list[Claimed] = field(default_factory=list)  # still claimed by us, the pace has no room yet
    wait_seconds: float = 0.0


# FOR SHARE, not FOR UPDATE: workers do not wait for one another, only for a person's pause, cancel or change.
_HOLD = """
WITH running AS MATERIALIZED (
    SELECT id FROM campaigns_campaign WHERE id = ANY(%(campaigns)s::bigint[]) AND status = 'running'
    ORDER BY id FOR SHARE
)
SELECT messages_per_second, daily_allowance, time_zone, ARRAY(SELECT id FROM running)
FROM campaigns_account WHERE id = %(account)s AND paused_at IS NULL FOR SHARE
"""

# What may go is on its way, and the bucket pays for just that.
_COMMIT = """
WITH posted AS (
    UPDATE campaigns_send AS send
    SET state = 'posting', attempts = send.attempts + 1, posted_at = clock_timestamp(),
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM unnest(%(ids)s::bigint[], %(fences)s::int[]) AS ours(id, fence)
    WHERE send.id = ours.id AND send.fence = ours.fence AND send.state = 'claimed' AND send.mode = %(mode)s
        AND send.lease_until > clock_timestamp()
        AND (send.window_ends_at IS NULL OR clock_timestamp() < send.window_ends_at)
        AND (send.expires_at IS NULL OR clock_timestamp() < send.expires_at)
        AND NOT EXISTS (
            SELECT FROM contacts_suppression AS suppression
            WHERE suppression.phone = send."to" AND suppression.lifted_at IS NULL
        )
    RETURNING send.id
), spent AS (
    UPDATE campaigns_pace
    SET tokens = %(tokens)s - (SELECT count(*) FROM posted), refilled_at = %(now)s, day = %(day)s,
        used_today = %(used_today)s + (SELECT count(*) FROM posted)
    WHERE id = %(pace)s
)
SELECT id FROM posted
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
RETURNING send.id, send.state = 'queued' AND send.window_ends_at <= clock_timestamp()
"""


def commit_intents(account: Account, mode: Mode, claims: Sequence[Claimed], lease: float) -> tuple[Intents, list[int]]:
    """Commit the intent to send for as many of `claims` as the pace allows; nothing may reach a socket before.

    Suppression, pause, cancel, send window, end and daily allowance are checked here, after the locks that their
    changes need are held. What may not go is dismissed. Returns the intents, and the ids of sends that went back
    because their window closed: they want a new one.

    The locks on the numbers are taken by a statement of their own and first: a statement sees what was committed
    before it began, so the check must begin after the wait; and whoever waits for an opt-out holds nobody else up.
    """
    if not claims:
        return Intents(), []
    with transaction.atomic():
        lock_numbers([claim.to for claim in claims], shared=True)
        running = _hold(account, claims)
        if running is None:
            _dismiss(claims)
            return Intents(), []
        ready = [claim for claim in claims if claim.campaign_id is None or claim.campaign_id in running]
        grant = pacing.take(account, mode, len(ready))
        candidates = ready[: grant.granted]
        posted = _commit(mode, candidates, grant, lease)
        going = [claim for claim in candidates if claim.id in posted]
        if len(going) + len(ready) - len(candidates) < len(claims):
            kept = posted.union(claim.id for claim in ready[grant.granted :])
            closed = _dismiss([claim for claim in claims if claim.id not in kept])
        else:
            closed = []
    return Intents(going, ready[grant.granted :], grant.wait_seconds), closed


def _hold(account: Account, claims: Sequence[Claimed]) -> set[int] | None:
    """Hold account and campaigns against a change until we commit; the campaigns that run, or None: the account rests.

    Also reads the account's limits anew: one that staff have just lowered holds for this very intent.
    """
    campaigns = sorted({claim.campaign_id for claim in claims if claim.campaign_id is not None})
    rows = run(_HOLD, {"account": account.pk, "campaigns": campaigns})
    if not rows:
        return None
    account.messages_per_second, account.daily_allowance, account.time_zone, running = rows[0]
    return set(running)


def _commit(mode: Mode, claims: Sequence[Claimed], grant: Grant, lease: float) -> set[int]:
    if not claims:
        return set()
    arguments = arrays(claims) | {
        "mode": mode.value,
        "lease": lease,
        "tokens": grant.tokens,
        "now": grant.now,
        "day": grant.day,
        "used_today": grant.used_today,
        "pace": grant.pace_id,
    }
    return {row[0] for row in run(_COMMIT, arguments)}


def _dismiss(claims: Sequence[Claimed]) -> list[int]:
    """End or give back claims that may not be sent; the ids of those whose window has closed."""
    return [pk for pk, closed in run(_DISMISS, arrays(claims)) if closed] if claims else []
