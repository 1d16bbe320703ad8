from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0006_imports_old_shape_goes'),
    ]

    operations = [
        migrations.AddField(
            model_name='importrow',
            name='changes',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='importrow',
            name='edited',
            field=models.BooleanField(default=False, help_text='Corrected on the page.'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='shared',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('opted_out', True)), fields=['contact_import', 'number'], name='import_rows_opted_out'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('shared', True)), fields=['contact_import', 'number'], name='import_rows_shared'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('warnings', []), _negated=True), fields=['contact_import', 'number'], name='import_rows_warned'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.UniqueConstraint(condition=models.Q(('fate__in', ['created', 'updated', 'unchanged'])), fields=('phone', 'contact_import'), name='an_import_takes_a_number_once'),
        ),
    ]
