from django.db import migrations


class Migration(migrations.Migration):
    """Two that landed side by side have one successor."""

    dependencies = [
        ("campaigns", "0052_account_without_hours"),
        ("campaigns", "0061_stop_start_help"),
    ]

    operations = []
