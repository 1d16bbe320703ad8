from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0017_windows_of_each_day")]

    operations = [
        migrations.RemoveConstraint(
            model_name='account',
            name='a_send_window_opens_before_it_closes',
        ),
        migrations.RemoveField(
            model_name='account',
            name='window_closes',
        ),
        migrations.RemoveField(
            model_name='account',
            name='window_opens',
        ),
    ]
