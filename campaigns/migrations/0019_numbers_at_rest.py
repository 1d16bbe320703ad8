"""The intent knows numbers at rest, whose texts wait for a person, and the one text that confirms an opt-out.

The shape of `campaigns_commit_intents` stays as 0007 made it, and so does its plan: the first check still reads one
row of the partial unique index on standing suppressions.
"""

from django.db import migrations

FORWARD = """
-- Commit the intent to send. Verdicts: posting, waiting (for the pace), closed (its window), gone (ended or given back).
CREATE OR REPLACE FUNCTION campaigns_commit_intents(p_account bigint, p_mode text, p_ids bigint[], p_fences int[],
    p_campaigns bigint[], p_phones text[], p_lease float8, p_number_locks int)
RETURNS TABLE (send_id bigint, verdict text, wait_seconds float8) LANGUAGE plpgsql AS $$
DECLARE
    rests boolean;
    running bigint[];
    ready bigint[];
    posted bigint[] := '{}';
    bucket record;
BEGIN
    -- Each of these waits, and each statement sees what was committed before it began: so the check comes last.
    -- The numbers first: whoever waits for an opt-out holds nobody else up.
    PERFORM pg_advisory_xact_lock_shared(p_number_locks, key)
    FROM (SELECT DISTINCT hashtext(phone) AS key FROM unnest(p_phones) AS phone ORDER BY 1 OFFSET 0) AS keys;
    -- FOR SHARE: workers do not wait for one another, only for a person's pause, cancel or change.
    SELECT paused_at IS NOT NULL INTO rests FROM campaigns_account WHERE id = p_account FOR SHARE;
    running := ARRAY(SELECT id FROM campaigns_campaign WHERE id = ANY(p_campaigns) AND status = 'running'
                     ORDER BY id FOR SHARE);
    ready := ARRAY(SELECT ours.id FROM unnest(p_ids, p_campaigns) WITH ORDINALITY AS ours(id, campaign, place)
                   WHERE NOT rests AND (ours.campaign IS NULL OR ours.campaign = ANY(running)) ORDER BY ours.place);
    SELECT * INTO bucket FROM campaigns_take(p_account, p_mode, cardinality(ready));
    IF bucket.granted > 0 THEN
        WITH done AS (
            UPDATE campaigns_send AS send
            SET state = 'posting', attempts = send.attempts + 1, posted_at = clock_timestamp(),
                lease_until = clock_timestamp() + make_interval(secs => p_lease)
            WHERE send.id = ANY(ready[1:bucket.granted]) AND send.fence = p_fences[array_position(p_ids, send.id)]
                -- Written so that the planner cannot begin with all that is claimed, or with the index of all leases.
                AND (send.state = 'claimed') IS TRUE AND send.mode = p_mode
                AND coalesce(send.lease_until, '-infinity') > clock_timestamp()
                AND (send.window_ends_at IS NULL OR clock_timestamp() < send.window_ends_at)
                AND (send.expires_at IS NULL OR clock_timestamp() < send.expires_at)
                AND NOT EXISTS (
                    SELECT FROM contacts_suppression AS suppression
                    WHERE suppression.phone = send."to" AND suppression.lifted_at IS NULL
                        -- The one text that tells them that they are opted out (docs/decisions/0031).
                        AND suppression.confirmation_id IS DISTINCT FROM send.id
                )
            RETURNING send.id
        )
        SELECT coalesce(array_agg(done.id), '{}') INTO posted FROM done;
        UPDATE campaigns_pace SET tokens = bucket.tokens - cardinality(posted), refilled_at = bucket.at,
            day = bucket.today, used_today = bucket.used + cardinality(posted)
        WHERE id = bucket.pace_id;
    END IF;
    RETURN QUERY
        SELECT id, 'posting', 0.0::float8 FROM unnest(posted) AS id
        UNION ALL
        SELECT id, 'waiting', bucket.wait_seconds FROM unnest(ready[bucket.granted + 1:]) AS id;
    IF cardinality(posted) + cardinality(ready) - bucket.granted = cardinality(p_ids) THEN
        RETURN;
    END IF;
    -- What may not be sent now ends or goes back, under the same locks and for the same reasons.
    RETURN QUERY
        WITH dismissed AS (
            UPDATE campaigns_send AS send
            SET lease_until = NULL,
                state = CASE WHEN suppression.certain THEN 'suppressed'
                             WHEN send.expires_at <= clock_timestamp() THEN 'expired'
                             ELSE 'queued' END,
                reason = CASE WHEN suppression.certain THEN 'This number has opted out.'
                              WHEN send.expires_at <= clock_timestamp() THEN 'The time for this text was over.'
                              WHEN suppression.id IS NOT NULL
                                  THEN 'Waits: a reply may have meant stop, and a person has to decide.'
                              ELSE send.reason END,
                -- Looked at again from time to time, so that it goes soon after the number is set free.
                due_at = CASE WHEN NOT suppression.certain THEN clock_timestamp() + interval '5 minutes'
                              ELSE send.due_at END,
                finished_at = CASE WHEN suppression.certain OR send.expires_at <= clock_timestamp()
                                   THEN clock_timestamp() END
            FROM unnest(p_ids, p_fences) AS ours(id, fence)
            JOIN campaigns_send AS old ON old.id = ours.id
            LEFT JOIN LATERAL (
                SELECT found.id, NOT found.under_review AS certain FROM contacts_suppression AS found
                WHERE found.phone = old."to" AND found.lifted_at IS NULL
                    AND found.confirmation_id IS DISTINCT FROM old.id
            ) AS suppression ON true
            WHERE send.id = ours.id AND send.fence = ours.fence AND (send.state = 'claimed') IS TRUE
                AND NOT (ours.id = ANY(posted)) AND NOT (ours.id = ANY(ready[bucket.granted + 1:]))
            RETURNING send.id, send.state = 'queued' AND send.window_ends_at <= clock_timestamp() AS closed
        )
        SELECT dismissed.id, CASE WHEN dismissed.closed THEN 'closed' ELSE 'gone' END, 0.0::float8 FROM dismissed;
END
$$;
"""

BACK = """
-- Commit the intent to send. Verdicts: posting, waiting (for the pace), closed (its window), gone (ended or given back).
CREATE OR REPLACE FUNCTION campaigns_commit_intents(p_account bigint, p_mode text, p_ids bigint[], p_fences int[],
    p_campaigns bigint[], p_phones text[], p_lease float8, p_number_locks int)
RETURNS TABLE (send_id bigint, verdict text, wait_seconds float8) LANGUAGE plpgsql AS $$
DECLARE
    rests boolean;
    running bigint[];
    ready bigint[];
    posted bigint[] := '{}';
    bucket record;
BEGIN
    -- Each of these waits, and each statement sees what was committed before it began: so the check comes last.
    -- The numbers first: whoever waits for an opt-out holds nobody else up.
    PERFORM pg_advisory_xact_lock_shared(p_number_locks, key)
    FROM (SELECT DISTINCT hashtext(phone) AS key FROM unnest(p_phones) AS phone ORDER BY 1 OFFSET 0) AS keys;
    -- FOR SHARE: workers do not wait for one another, only for a person's pause, cancel or change.
    SELECT paused_at IS NOT NULL INTO rests FROM campaigns_account WHERE id = p_account FOR SHARE;
    running := ARRAY(SELECT id FROM campaigns_campaign WHERE id = ANY(p_campaigns) AND status = 'running'
                     ORDER BY id FOR SHARE);
    ready := ARRAY(SELECT ours.id FROM unnest(p_ids, p_campaigns) WITH ORDINALITY AS ours(id, campaign, place)
                   WHERE NOT rests AND (ours.campaign IS NULL OR ours.campaign = ANY(running)) ORDER BY ours.place);
    SELECT * INTO bucket FROM campaigns_take(p_account, p_mode, cardinality(ready));
    IF bucket.granted > 0 THEN
        WITH done AS (
            UPDATE campaigns_send AS send
            SET state = 'posting', attempts = send.attempts + 1, posted_at = clock_timestamp(),
                lease_until = clock_timestamp() + make_interval(secs => p_lease)
            WHERE send.id = ANY(ready[1:bucket.granted]) AND send.fence = p_fences[array_position(p_ids, send.id)]
                -- Written so that the planner cannot begin with all that is claimed, or with the index of all leases.
                AND (send.state = 'claimed') IS TRUE AND send.mode = p_mode
                AND coalesce(send.lease_until, '-infinity') > clock_timestamp()
                AND (send.window_ends_at IS NULL OR clock_timestamp() < send.window_ends_at)
                AND (send.expires_at IS NULL OR clock_timestamp() < send.expires_at)
                AND NOT EXISTS (
                    SELECT FROM contacts_suppression AS suppression
                    WHERE suppression.phone = send."to" AND suppression.lifted_at IS NULL
                )
            RETURNING send.id
        )
        SELECT coalesce(array_agg(done.id), '{}') INTO posted FROM done;
        UPDATE campaigns_pace SET tokens = bucket.tokens - cardinality(posted), refilled_at = bucket.at,
            day = bucket.today, used_today = bucket.used + cardinality(posted)
        WHERE id = bucket.pace_id;
    END IF;
    RETURN QUERY
        SELECT id, 'posting', 0.0::float8 FROM unnest(posted) AS id
        UNION ALL
        SELECT id, 'waiting', bucket.wait_seconds FROM unnest(ready[bucket.granted + 1:]) AS id;
    IF cardinality(posted) + cardinality(ready) - bucket.granted = cardinality(p_ids) THEN
        RETURN;
    END IF;
    -- What may not be sent now ends or goes back, under the same locks and for the same reasons.
    RETURN QUERY
        WITH dismissed AS (
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
            FROM unnest(p_ids, p_fences) AS ours(id, fence)
            JOIN campaigns_send AS old ON old.id = ours.id
            LEFT JOIN contacts_suppression AS suppression
                ON suppression.phone = old."to" AND suppression.lifted_at IS NULL
            WHERE send.id = ours.id AND send.fence = ours.fence AND (send.state = 'claimed') IS TRUE
                AND NOT (ours.id = ANY(posted)) AND NOT (ours.id = ANY(ready[bucket.granted + 1:]))
            RETURNING send.id, send.state = 'queued' AND send.window_ends_at <= clock_timestamp() AS closed
        )
        SELECT dismissed.id, CASE WHEN dismissed.closed THEN 'closed' ELSE 'gone' END, 0.0::float8 FROM dismissed;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0018_account_without_hours"), ("contacts", "0010_opt_out_reviews")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
