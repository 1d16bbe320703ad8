"""Every day of the week gets the hours that an account had for all days."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def spell_out(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Seven windows for each account."""
    window = apps.get_model("campaigns", "SendWindow")
    window.objects.bulk_create(
        window(account=account, weekday=weekday, opens=account.window_opens, closes=account.window_closes)
        for account in apps.get_model("campaigns", "Account").objects.all()
        for weekday in range(1, 8)
    )


def take_mondays(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Backwards: the first day's hours for all days."""
    for account in apps.get_model("campaigns", "Account").objects.all():
        first = account.windows.order_by("weekday").first()
        if first is not None:
            account.window_opens, account.window_closes = first.opens, first.closes
            account.save(update_fields=["window_opens", "window_closes"])
    apps.get_model("campaigns", "SendWindow").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0016_send_windows")]

    operations = [migrations.RunPython(spell_out, take_mondays)]
