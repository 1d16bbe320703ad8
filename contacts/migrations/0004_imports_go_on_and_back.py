import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0003_attributes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='contactimport',
            options={'ordering': ['-id'], 'permissions': [('undo_contactimport', 'Can undo an import')], 'verbose_name': 'import'},
        ),
        migrations.RemoveConstraint(
            model_name='contactimport',
            name='the_fates_of_an_import_add_up',
        ),
        migrations.AddField(
            model_name='contact',
            name='created_by_import',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='contacts.contactimport'),
        ),
        migrations.AddField(
            model_name='contact',
            name='created_from_row',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='answers',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='applied_through',
            field=models.PositiveIntegerField(default=0, help_text='Number of the last row that is imported.'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='blanks_overwrite',
            field=models.BooleanField(default=False, help_text='A blank cell empties the field.'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='confirmed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='consent_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='consent_source',
            field=models.CharField(blank=True, choices=[('', 'Not recorded'), ('import', 'Stated at an import'), ('form', 'Web or paper form'), ('message', 'Texted us first'), ('staff', 'Noted by staff')], max_length=16),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='consent_text',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='done_rows',
            field=models.PositiveIntegerField(default=0, help_text='Of the step under way, for the progress bar.'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='existing',
            field=models.CharField(choices=[('update', 'Update them from the file'), ('fill', 'Only fill in what we do not know yet'), ('skip', 'Leave them alone; only add new people')], default='update', max_length=8),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='expected_rows',
            field=models.PositiveIntegerField(blank=True, help_text='About, while the file is read.', null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='lists',
            field=models.ManyToManyField(blank=True, related_name='imports', to='contacts.contactlist', verbose_name='add to lists'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='new_list',
            field=models.CharField(blank=True, help_text='A list that the confirmation makes.', max_length=200),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='opted_out',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='purged_at',
            field=models.DateTimeField(blank=True, help_text='When the file and its rows were deleted.', null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='purpose',
            field=models.CharField(choices=[('contacts', 'People we may text'), ('opt_outs', 'People we must not text')], default='contacts', max_length=16),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='read_through',
            field=models.PositiveIntegerField(default=0, help_text='Number of the last row that is staged.'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='shared',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='step_started_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='touched_at',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='When a worker last got on with it.'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undone',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undone_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='undone_through',
            field=models.PositiveIntegerField(default=0, help_text='Number of the last row that is undone.'),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='version',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='warned',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='membership',
            name='added_by_import',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='contacts.contactimport'),
        ),
        migrations.AlterField(
            model_name='contactimport',
            name='reading',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name='contactimport',
            name='status',
            field=models.CharField(choices=[('uploaded', 'Reading the file'), ('unreadable', 'Could not be read'), ('asking', 'Waiting for your answers'), ('previewed', 'Waiting for your confirmation'), ('importing', 'Importing'), ('imported', 'Imported'), ('undoing', 'Being undone'), ('undone', 'Undone'), ('canceled', 'Canceled'), ('expired', 'Never confirmed')], default='uploaded', max_length=16),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='stored_file',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contacts.storedfile'),
        ),
    ]
