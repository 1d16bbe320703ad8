"""One index on numbers does the work of two, last digits are not indexed while a worker holds the text, and last chances
have an index that the planner cannot mistake.

A send changes its state three times on its way, and each index gets an entry each time.
"""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0024_rehearsals_in_batches'),
        ('contacts', '0011_who_decides'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='send',
            name='a_campaign_texts_a_number_once',
        ),
        migrations.RemoveIndex(
            model_name='send',
            name='sends_by_number',
        ),
        migrations.RemoveIndex(
            model_name='send',
            name='sends_by_last_digits',
        ),
        migrations.RemoveIndex(
            model_name='send',
            name='sends_on_their_last_chance',
        ),
        migrations.AddIndex(
            model_name='send',
            index=models.Index(condition=models.Q(('crashes__gte', 2)), fields=['id'], name='sends_on_their_last_chance'),
        ),
        migrations.AddIndex(
            model_name='send',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('to'), name='text_pattern_ops'), condition=models.Q(('lease_until__isnull', True)), name='sends_by_last_digits'),
        ),
        migrations.AddConstraint(
            model_name='send',
            constraint=models.UniqueConstraint(fields=('to', 'campaign', 'resend_number'), name='a_campaign_texts_a_number_once', opclasses=['text_pattern_ops', 'int8_ops', 'int2_ops']),
        ),
    ]
