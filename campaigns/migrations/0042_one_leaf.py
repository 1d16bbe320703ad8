from django.db import migrations


class Migration(migrations.Migration):
    """Two that landed side by side have one successor."""

    dependencies = [
        ("campaigns", "0041_sends_by_the_day_they_left"),
        ("campaigns", "0041_trigger_contracts_and_what_is_saved"),
    ]

    operations = []
