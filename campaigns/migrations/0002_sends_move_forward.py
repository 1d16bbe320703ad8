"""Two rules that no CHECK can state, because they compare a row with what it was."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION campaigns_send_delivery_rank(delivery text) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE delivery WHEN 'none' THEN 0 WHEN 'sent' THEN 1 ELSE 2 END
$$;

CREATE FUNCTION campaigns_send_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'delivery' THEN
        RAISE EXCEPTION 'a delivery only moves forward: % to %', OLD.delivery, NEW.delivery
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_delivery_only_moves_forward';
    END IF;
    RAISE EXCEPTION 'a send that ended stays as it ended: % to %', OLD.state, NEW.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_send_that_ended_stays_as_it_ended';
END
$$;

CREATE TRIGGER a_delivery_only_moves_forward BEFORE UPDATE OF delivery ON campaigns_send FOR EACH ROW
WHEN (OLD.delivery <> NEW.delivery
      AND campaigns_send_delivery_rank(NEW.delivery) <= campaigns_send_delivery_rank(OLD.delivery))
EXECUTE FUNCTION campaigns_send_moves_forward('delivery');

CREATE TRIGGER a_send_that_ended_stays_as_it_ended BEFORE UPDATE OF state ON campaigns_send FOR EACH ROW
WHEN (OLD.state <> NEW.state AND (
    OLD.state IN ('accepted', 'failed', 'suppressed', 'expired', 'canceled')
    OR (OLD.state = 'unknown' AND NEW.state <> 'accepted')))
EXECUTE FUNCTION campaigns_send_moves_forward('state');
"""

BACK = """
DROP TRIGGER a_send_that_ended_stays_as_it_ended ON campaigns_send;
DROP TRIGGER a_delivery_only_moves_forward ON campaigns_send;
DROP FUNCTION campaigns_send_moves_forward();
DROP FUNCTION campaigns_send_delivery_rank(text);
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
