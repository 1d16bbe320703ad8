from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0004_imports_go_on_and_back'),
    ]

    operations = [
        # Rows of the old shape keep their list; a file that nobody read yet must be brought again.
        migrations.RunSQL(
            "INSERT INTO contacts_contactimport_lists (contactimport_id, contactlist_id)"
            " SELECT id, contact_list_id FROM contacts_contactimport WHERE contact_list_id IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "UPDATE contacts_contactimport SET status = 'unreadable',"
            " problem = 'It was uploaded before an update of this program. Upload it again.'"
            " WHERE status = 'uploaded'",
            migrations.RunSQL.noop,
        ),
    ]
