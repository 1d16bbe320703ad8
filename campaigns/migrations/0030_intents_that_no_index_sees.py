"""Nothing that an intent changes stands in an index, so that PostgreSQL writes it without an entry in any of them.

An update whose indexed columns stay as they are, on a page that has room, is "heap-only" (PostgreSQL 16 and later, where
the index of blocks does not count). So the indexes know the `stage`, which is one for all that a worker holds, and no
time of posting; and a launch fills a page by less than half. Pages that are full already stay so. Last digits are found
through the contacts, whose numbers the queue does not write: that index was the dearest, an entry at a random place.
"""

from importlib import import_module

from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models.functions import Reverse

CLAIM = import_module("campaigns.migrations.0026_the_queue_is_never_sorted").FORWARD
BEFORE = CLAIM.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
AFTER = BEFORE.replace("WHERE state = 'queued'", "WHERE stage = 'queued'")
assert AFTER.count("stage = 'queued'") == 3

# Of changes that came before they were kept: until when is not known.
EARLIER = """
INSERT INTO contacts_earliernumber (contact_id, phone, until)
SELECT DISTINCT contact.id, send."to", NULL::timestamptz
FROM campaigns_send AS send JOIN contacts_contact AS contact ON contact.id = send.contact_id
WHERE send."to" <> contact.phone
ON CONFLICT (contact_id, phone) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0029_guards_that_cost_less"), ("contacts", "0012_earlier_numbers")]

    operations = [
        migrations.RemoveIndex(model_name="send", name="sends_that_are_due"),
        migrations.RemoveIndex(model_name="send", name="sends_under_a_lease"),
        migrations.RemoveIndex(model_name="send", name="sends_of_a_campaign"),
        migrations.RemoveIndex(model_name="send", name="sends_that_are_unknown"),
        migrations.RemoveIndex(model_name="send", name="sends_of_a_contact"),
        migrations.RemoveIndex(model_name="send", name="sends_without_a_contact"),
        migrations.RemoveIndex(model_name="send", name="sends_by_last_digits"),
        migrations.AddField(
            model_name="send",
            name="stage",
            field=models.GeneratedField(
                expression=models.Case(
                    models.When(state__in=["claimed", "posting"], then=models.Value("in_hand")),
                    default=models.F("state"),
                ),
                output_field=models.CharField(max_length=16),
                db_persist=True,
                help_text="The state as the indexes know it: what a worker holds is one.",
            ),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                fields=["campaign", "due_at", "id"],
                condition=models.Q(stage="queued"),
                name="sends_that_are_due",
            ),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(fields=["id"], condition=models.Q(stage="in_hand"), name="sends_in_hand"),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(fields=["campaign", "stage", "delivery"], name="sends_of_a_campaign"),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                fields=["mode", "id"], condition=models.Q(stage="unknown"), name="sends_that_are_unknown"
            ),
        ),
        migrations.AddIndex(
            model_name="send", index=models.Index(fields=["contact"], name="sends_of_a_contact")
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                OpClass(Reverse("to"), name="text_pattern_ops"),
                condition=models.Q(contact__isnull=True),
                name="sends_without_a_contact",
            ),
        ),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
        migrations.RunSQL(AFTER, BEFORE),
        migrations.RunSQL(
            "ALTER TABLE campaigns_send SET (fillfactor = 40)", "ALTER TABLE campaigns_send RESET (fillfactor)"
        ),
    ]
