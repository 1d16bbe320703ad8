"""The ends of replies are looked at once; those of before this are not brought up again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_events_are_found")]

    operations = [
        migrations.AddField(
            "reply", "end_seen", models.BooleanField(db_default=True, default=False, editable=False)
        ),
        migrations.AlterField(
            "reply", "end_seen", models.BooleanField(db_default=False, default=False, editable=False)
        ),
        migrations.AddIndex(
            "reply",
            models.Index(
                condition=models.Q(("end_seen", False)), fields=["at"], name="replies_whose_end_is_open"
            ),
        ),
    ]
