"""What is counted of a text and of an attempt is checked once for all: each check costs every statement of the queue."""

from django.db import migrations, models
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThanOrEqual


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0030_intents_that_no_index_sees")]

    operations = [
        migrations.AlterField(
            model_name="send",
            name="attempts",
            field=models.SmallIntegerField(default=0, help_text="Intents committed."),
        ),
        migrations.AlterField(
            model_name="send",
            name="crashes",
            field=models.SmallIntegerField(default=0, help_text="Leases that ran out before an intent."),
        ),
        migrations.AlterField(
            model_name="send",
            name="fence",
            field=models.IntegerField(default=0, help_text="Grows with every claim; an older holder cannot write."),
        ),
        migrations.AlterField(model_name="send", name="http_status", field=models.SmallIntegerField(null=True)),
        migrations.AlterField(model_name="send", name="resend_number", field=models.SmallIntegerField(default=0)),
        migrations.AddConstraint(
            model_name="send",
            constraint=models.CheckConstraint(
                condition=GreaterThanOrEqual(
                    Least("fence", "attempts", "crashes", "resend_number", "http_status", output_field=models.IntegerField()), models.Value(0)
                ),
                name="what_a_send_counts_is_not_negative",
            ),
        ),
        migrations.AlterField(model_name="attempt", name="number", field=models.SmallIntegerField()),
        migrations.AlterField(model_name="attempt", name="http_status", field=models.SmallIntegerField(null=True)),
        migrations.AlterField(model_name="attempt", name="latency_ms", field=models.IntegerField(null=True)),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=GreaterThanOrEqual(Least("number", "http_status", "latency_ms", output_field=models.IntegerField()), models.Value(0)),
                name="what_an_attempt_counts_is_not_negative",
            ),
        ),
    ]
