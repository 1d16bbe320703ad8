"""Is anything new on a page? One prepared statement, because fifty open pages ask every two seconds.

The version changes with whatever the page shows: the conversation's row (its revision), whether the number may be
texted, who else is writing, and our newest texts, which are those that may still change.
"""

from datetime import timedelta

from campaigns.models import Mode
from campaigns.sending.statements import run

# For so long "is writing" stands after a key.
STILL_WRITING = timedelta(seconds=8)

_VERSION = """
SELECT c.revision || '.' || left(md5(concat_ws('|',
    (SELECT string_agg(s.id || s.under_review::text, ',') FROM contacts_suppression AS s
     WHERE s.phone = p.phone AND s.lifted_at IS NULL),
    (SELECT 'writing ' || string_agg(w.user_id::text, ',' ORDER BY w.user_id) FROM conversations_writing AS w
     WHERE w.conversation_id = c.id AND w.user_id <> %(besides)s AND w.at > statement_timestamp() - %(within)s),
    (SELECT string_agg(concat_ws(' ', t.id, t.state, t.delivery, t.thread_id), ',' ORDER BY t.id) FROM (
        (SELECT id, state, delivery, thread_id FROM campaigns_send
         WHERE contact_id = c.contact_id AND agent_id = c.agent_id AND mode = c.mode AND posted_at IS NOT NULL
         ORDER BY posted_at DESC LIMIT 40)
        UNION ALL
        (SELECT id, state, delivery, thread_id FROM campaigns_send
         WHERE contact_id IS NULL AND "to" = p.phone AND agent_id = c.agent_id AND mode = c.mode
            AND posted_at IS NOT NULL ORDER BY posted_at DESC LIMIT 40)
        UNION ALL
        (SELECT u.id, u.state, u.delivery, u.thread_id FROM conversations_reply AS r
         JOIN campaigns_send AS u ON u.id = r.send_id
         WHERE r.conversation_id = c.id AND u.posted_at IS NULL ORDER BY r.at DESC LIMIT 40)
    ) AS t)
)), 12)
FROM conversations_conversation AS c JOIN contacts_contact AS p ON p.id = c.contact_id
WHERE c.id = %(conversation)s AND c.mode = %(mode)s
"""


def version(conversation: int, besides: int) -> str:
    """That of a conversation of this mode, as the user `besides` sees it; empty where there is none."""
    arguments = {"conversation": conversation, "besides": besides, "within": STILL_WRITING}
    rows = run(_VERSION, arguments | {"mode": Mode.current().value})
    return str(rows[0][0]) if rows else ""
