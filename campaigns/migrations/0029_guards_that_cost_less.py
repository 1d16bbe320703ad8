"""What guards a text is asked at each of its three steps, so it may cost little.

The two triggers refuse a row once it is written, as before it: but before it, PostgreSQL locks the row once more, with a
record in its log. The shape of a number is told without a regular expression.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import Exact, Range

BEFORE = import_module("campaigns.migrations.0002_sends_move_forward").FORWARD.partition("CREATE TRIGGER")
TRIGGERS = BEFORE[1] + BEFORE[2]
DROP = """
DROP TRIGGER a_send_that_ended_stays_as_it_ended ON campaigns_send;
DROP TRIGGER a_delivery_only_moves_forward ON campaigns_send;
"""
AFTER = TRIGGERS.replace(" BEFORE UPDATE OF ", " AFTER UPDATE OF ")
assert AFTER.count(" AFTER UPDATE OF ") == 2

NUMBER = models.Q(
    Exact(models.Func("to", models.Value("0123456789"), function="rtrim", output_field=models.CharField()),
          models.Value("+")),
    models.Q(("to__startswith", "+0"), _negated=True),
    Range(Length("to"), (8, 16)),
)


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0028_texts_at_rest")]

    operations = [
        migrations.RunSQL(DROP + AFTER, DROP + TRIGGERS),
        migrations.RemoveConstraint(model_name="send", name="a_send_goes_to_an_e164_number"),
        migrations.AddConstraint(
            model_name="send",
            constraint=models.CheckConstraint(condition=NUMBER, name="a_send_goes_to_an_e164_number"),
        ),
    ]
