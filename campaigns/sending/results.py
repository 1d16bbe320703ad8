"""What became of a posting: the send's next state and the record of the attempt, in one statement under the fence."""

from collections.abc import Sequence
from typing import NamedTuple

from campaigns.sending.statements import run


class Result(NamedTuple):
    """What became of one posting.

    `outcome` is an `Attempt.Outcome`, empty where no call was begun: then the intent does not count as an attempt.
    `delay` in seconds, for what is queued again; `latency_ms` of the call; `evidence` in words.
    """

    id: int
    fence: int
    state: str
    reason: str = ""
    thread_id: str = ""
    http_status: int | None = None
    delay: float = 0.0
    outcome: str = ""
    latency_ms: int | None = None
    evidence: str = ""


# Whoever is tried again past the end of the campaign would never leave: that ends now, and says so.
_TOO_LATE = """result.state = 'queued' AND result.outcome <> '' AND send.expires_at IS NOT NULL
            AND send.expires_at <= clock_timestamp() + make_interval(secs => result.delay)"""

# The state is compared in a way that the planner finds no index for: else it begins with all that are under way, or
# with all unknowns, and looks for ours among them.
_RECORD = f"""
WITH result AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::int[], %(states)s::text[], %(reasons)s::text[],
            %(threads)s::text[], %(statuses)s::int[], %(delays)s::float8[], %(outcomes)s::text[], %(latencies)s::int[],
            %(evidence)s::text[])
        AS result(id, fence, state, reason, thread_id, http_status, delay, outcome, latency_ms, evidence)
), written AS (
    UPDATE campaigns_send AS send
    SET state = CASE WHEN {_TOO_LATE} THEN 'expired' ELSE result.state END,
        reason = CASE WHEN {_TOO_LATE} THEN 'The time for this text was over. ' || result.reason
                      ELSE result.reason END,
        lease_until = NULL,
        thread_id = CASE WHEN result.thread_id = '' THEN send.thread_id ELSE result.thread_id END,
        http_status = result.http_status,
        attempts = CASE WHEN result.outcome = '' THEN send.attempts - 1 ELSE send.attempts END,
        posted_at = CASE WHEN result.outcome = '' AND send.attempts = 1 THEN NULL ELSE send.posted_at END,
        due_at = CASE WHEN result.state = 'queued' THEN clock_timestamp() + make_interval(secs => result.delay)
                      ELSE send.due_at END,
        finished_at = CASE WHEN result.state = 'queued' AND NOT ({_TOO_LATE}) THEN NULL ELSE clock_timestamp() END
    FROM result
    WHERE send.id = result.id AND send.fence = result.fence
        AND CASE send.state WHEN 'posting' THEN true WHEN 'unknown' THEN result.state = 'accepted' ELSE false END
    RETURNING send.id, send.state, send.mode, send.kind, send.contact_id, send.attempts AS number, send.posted_at,
        result.outcome, result.http_status AS answered, result.latency_ms, result.evidence
), tried AS (
    INSERT INTO campaigns_attempt (send_id, number, started_at, outcome, http_status, latency_ms, evidence)
    SELECT id, number, posted_at, outcome, answered, latency_ms, evidence FROM written WHERE outcome <> ''
    ON CONFLICT (send_id, number) DO UPDATE SET outcome = excluded.outcome, http_status = excluded.http_status,
        latency_ms = excluded.latency_ms, evidence = excluded.evidence
), contact AS (
    -- In one order, because two groups may hold texts to the same people.
    SELECT contact.id, texted.at
    FROM (SELECT contact_id, max(posted_at) AS at FROM written
          WHERE mode = 'live' AND kind <> 'test' AND state IN ('accepted', 'unknown') AND contact_id IS NOT NULL
          GROUP BY contact_id) AS texted
    JOIN contacts_contact AS contact ON contact.id = texted.contact_id
    ORDER BY contact.id FOR NO KEY UPDATE OF contact
), texted AS (
    UPDATE contacts_contact SET last_texted_at = GREATEST(contacts_contact.last_texted_at, contact.at)
    FROM contact WHERE contacts_contact.id = contact.id
)
SELECT id FROM written
"""  # noqa: S608  (our own words)


def record(results: Sequence[Result]) -> set[int]:
    """Write outcomes under their fence; the ids that were written.

    A late yes of the same holder still turns its unknown into accepted; nothing else moves an unknown here. A live text
    that may have left counts for its contact; a simulated one never does (promise 7).
    """
    if not results:
        return set()
    rows = run(
        _RECORD,
        {
            "ids": [result.id for result in results],
            "fences": [result.fence for result in results],
            "states": [str(result.state) for result in results],
            "reasons": [result.reason for result in results],
            "threads": [result.thread_id for result in results],
            "statuses": [result.http_status for result in results],
            "delays": [result.delay for result in results],
            "outcomes": [result.outcome for result in results],
            "latencies": [result.latency_ms for result in results],
            "evidence": [result.evidence for result in results],
        },
    )
    return {row[0] for row in rows}
