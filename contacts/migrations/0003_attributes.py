from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0002_stored_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attribute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As it stands in a merge tag: lower case, no blanks.', max_length=60, unique=True)),
                ('label', models.CharField(help_text='The header in spreadsheets.', max_length=100)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('number', 'Number'), ('date', 'Date'), ('yesno', 'Yes or no')], default='text', max_length=8)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['label'],
            },
        ),
        migrations.CreateModel(
            name='RememberedHeader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='`contacts.columns.header_key` of the columns.', max_length=64, unique=True)),
                ('mapping', models.JSONField(help_text='`contacts.columns.normal` of a column to its target.')),
                ('used_at', models.DateTimeField(auto_now=True)),
            ],
        ),
    ]
