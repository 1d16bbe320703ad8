"""Take back what dead workers held."""

from campaigns.sending.queue import MAX_CRASHES
from campaigns.sending.statements import run

_REAP_CLAIMED = """
UPDATE campaigns_send SET lease_until = NULL, crashes = crashes + 1,
    state = CASE WHEN crashes + 1 >= %(crashes)s THEN 'failed' ELSE 'queued' END,
    reason = CASE WHEN crashes + 1 >= %(crashes)s
        THEN 'Something about this text stops our sender again and again. It was never sent.' ELSE reason END,
    finished_at = CASE WHEN crashes + 1 >= %(crashes)s THEN clock_timestamp() END
WHERE id = ANY(ARRAY(
    SELECT id FROM campaigns_send
    WHERE stage = 'in_hand' AND state = 'claimed' AND lease_until < statement_timestamp()
    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))
RETURNING id
"""
_REAP_POSTING = """
WITH reaped AS (
    UPDATE campaigns_send SET lease_until = NULL, state = 'unknown', finished_at = clock_timestamp(),
        reason = 'Our sender stopped while this text was on its way to Revmo. It may or may not have been sent.'
    WHERE id = ANY(ARRAY(
        SELECT id FROM campaigns_send
        WHERE stage = 'in_hand' AND state = 'posting' AND lease_until < statement_timestamp()
        ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))
    RETURNING id, attempts, posted_at, mode, kind, contact_id
), contact AS (
    -- As with any result: in one order, live texts alone (promise 7).
    SELECT contact.id, texted.at
    FROM (SELECT contact_id, max(posted_at) AS at FROM reaped
          WHERE mode = 'live' AND kind <> 'test' AND contact_id IS NOT NULL GROUP BY contact_id) AS texted
    JOIN contacts_contact AS contact ON contact.id = texted.contact_id
    ORDER BY contact.id FOR NO KEY UPDATE OF contact
), texted AS (
    UPDATE contacts_contact SET last_texted_at = GREATEST(contacts_contact.last_texted_at, contact.at)
    FROM contact WHERE contacts_contact.id = contact.id
)
INSERT INTO campaigns_attempt (send_id, number, started_at, outcome, evidence)
SELECT id, attempts, posted_at, 'unknown', 'Our sender stopped in the middle of the call, so nobody read an answer.'
FROM reaped
ON CONFLICT (send_id, number) DO NOTHING
RETURNING send_id
"""


def reap() -> tuple[int, int]:
    """Leases that ran out: claimed → queued (the third time failed), posting → unknown. Returns how many of each."""
    return len(run(_REAP_CLAIMED, {"crashes": MAX_CRASHES})), len(run(_REAP_POSTING, ()))
