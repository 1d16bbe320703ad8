import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0005_imports_keep_their_list'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='contactimport',
            name='contact_list',
        ),
        migrations.RemoveField(
            model_name='contactimport',
            name='upload',
        ),
        migrations.AddIndex(
            model_name='contactimport',
            index=models.Index(fields=['status', 'touched_at'], name='imports_by_status'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(('rows', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('created'), '+', models.F('updated')), '+', models.F('unchanged')), '+', models.F('skipped')), '+', models.F('rejected')))), name='the_fates_of_an_import_add_up'),
        ),
        migrations.AddConstraint(
            model_name='contactimport',
            constraint=models.CheckConstraint(condition=models.Q(('consent_at__isnull', True), models.Q(('consent_source', ''), _negated=True), _connector='OR'), name='an_import_with_a_consent_date_has_a_source'),
        ),
    ]
