"""An intent holds the campaigns of all its texts, also of those that do not run any more.

What it finds of these goes back to the queue. A cancel that came within moments of a pause ended the same texts in the order
of their ids, and the two could meet halfway (docs/decisions/0037).
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("campaigns.migrations.0019_numbers_at_rest").FORWARD
RUNNING = """
    running := ARRAY(SELECT id FROM campaigns_campaign WHERE id = ANY(p_campaigns) AND status = 'running'
                     ORDER BY id FOR SHARE);
"""
HELD = """
    -- Its state as it is once the lock is ours. OFFSET 0: else the planner looks at the state first.
    running := ARRAY(SELECT held.id FROM (SELECT id, status FROM campaigns_campaign WHERE id = ANY(p_campaigns)
                                          ORDER BY id OFFSET 0 FOR SHARE) AS held
                     WHERE held.status = 'running');
"""
AFTER = BEFORE.replace(RUNNING, HELD)
assert AFTER != BEFORE


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0026_the_queue_is_never_sorted")]

    operations = [migrations.RunSQL(AFTER, BEFORE)]
