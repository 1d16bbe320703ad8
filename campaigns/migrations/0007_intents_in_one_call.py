"""The intent as one call: its statements need several snapshots, and several round trips cost more than they do."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION campaigns_pace_factor(slow_factor float8, slowed_at timestamptz, at timestamptz) RETURNS float8
IMMUTABLE LANGUAGE sql AS $$
    -- Back to the full rate, evenly, within a minute of the last 429.
    SELECT CASE WHEN slowed_at IS NULL THEN 1.0
        ELSE least(1.0, slow_factor + (1.0 - slow_factor) * greatest(0, extract(epoch FROM at - slowed_at)) / 60) END
$$;

-- How many of p_wanted may leave now; locks the bucket until the transaction ends, and spends nothing yet.
CREATE FUNCTION campaigns_take(p_account bigint, p_mode text, p_wanted int, OUT pace_id bigint, OUT tokens float8,
    OUT granted int, OUT wait_seconds float8, OUT at timestamptz, OUT today date, OUT used int) LANGUAGE plpgsql AS $$
DECLARE
    account campaigns_account;
    pace campaigns_pace;
    rate float8;
    room float8;
    available int := p_wanted;
BEGIN
    SELECT * INTO STRICT account FROM campaigns_account WHERE id = p_account;
    SELECT * INTO pace FROM campaigns_pace WHERE account_id = p_account AND mode = p_mode FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO campaigns_pace (account_id, mode, tokens, slow_factor, used_today) VALUES (p_account, p_mode, 0, 1, 0)
        ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT pace FROM campaigns_pace WHERE account_id = p_account AND mode = p_mode FOR UPDATE;
    END IF;
    at := clock_timestamp();
    rate := account.messages_per_second * campaigns_pace_factor(pace.slow_factor, pace.slowed_at, at);
    -- After a rest, one text and what the rate earns in a hundredth of a second: with a tenth, 50 a second were once 54.
    room := 1 + rate * 0.01;
    tokens := CASE WHEN pace.refilled_at IS NULL THEN room
        ELSE least(room, pace.tokens + greatest(0, extract(epoch FROM at - pace.refilled_at)) * rate) END;
    at := greatest(at, pace.refilled_at);
    today := (at AT TIME ZONE account.time_zone)::date;
    used := CASE WHEN pace.day = today THEN pace.used_today ELSE 0 END;
    IF account.daily_allowance IS NOT NULL THEN
        available := least(available, greatest(0, account.daily_allowance - used));
    END IF;
    granted := least(available, floor(tokens)::int);
    -- With the day's allowance used up there is nothing to wait for but another look.
    wait_seconds := CASE WHEN available = 0 THEN 5 ELSE greatest(0, (1 - (tokens - granted)) / rate) END;
    pace_id := pace.id;
END
$$;

-- Commit the intent to send. Verdicts: posting, waiting (for the pace), closed (its window), gone (ended or given back).
CREATE FUNCTION campaigns_commit_intents(p_account bigint, p_mode text, p_ids bigint[], p_fences int[],
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

BACK = """
DROP FUNCTION campaigns_commit_intents(bigint, text, bigint[], int[], bigint[], text[], float8, int);
DROP FUNCTION campaigns_take(bigint, text, int);
DROP FUNCTION campaigns_pace_factor(float8, timestamptz, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_workers")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
