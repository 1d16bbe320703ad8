import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0007_import_rows_say_what_changed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ContactExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.JSONField(default=dict)),
                ('file_name', models.CharField(max_length=255)),
                ('status', models.CharField(choices=[('waiting', 'Being written'), ('ready', 'Ready'), ('failed', 'Failed'), ('expired', 'Deleted after a day')], default='waiting', max_length=16)),
                ('problem', models.TextField(blank=True)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('expected_rows', models.PositiveIntegerField(default=0)),
                ('requested_at', models.DateTimeField(auto_now_add=True)),
                ('touched_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When a worker last got on with it.')),
            ],
            options={
                'verbose_name': 'export',
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='contactexport',
            name='requested_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='contactexport',
            name='stored_file',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contacts.storedfile'),
        ),
        migrations.AddConstraint(
            model_name='contactexport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'ready'), _negated=True), ('stored_file__isnull', False), _connector='OR'), name='a_ready_export_has_its_file'),
        ),
    ]
