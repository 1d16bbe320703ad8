"""A contact's number of earlier stays known, whoever changes it: what was sent to it is found through the contact."""

import django.db.models.deletion
from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models.functions import Now, Reverse

from contacts.models.phone_field import PhoneField

FORWARD = """
CREATE FUNCTION contacts_keep_earlier_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO contacts_earliernumber (contact_id, phone) VALUES (OLD.id, OLD.phone)
    ON CONFLICT (contact_id, phone) DO UPDATE SET until = excluded.until;
    -- Who gets a number back has it.
    DELETE FROM contacts_earliernumber WHERE contact_id = NEW.id AND phone = NEW.phone;
    RETURN NULL;
END
$$;
CREATE TRIGGER an_earlier_number_is_kept AFTER UPDATE OF phone ON contacts_contact
    FOR EACH ROW WHEN (OLD.phone <> NEW.phone) EXECUTE FUNCTION contacts_keep_earlier_number();
"""
BACK = """
DROP TRIGGER an_earlier_number_is_kept ON contacts_contact;
DROP FUNCTION contacts_keep_earlier_number();
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0011_who_decides")]

    operations = [
        migrations.CreateModel(
            name="EarlierNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", PhoneField(editable=False, verbose_name="number")),
                ("until", models.DateTimeField(db_default=Now(), editable=False, help_text="Empty: nobody knows.", null=True)),
                (
                    "contact",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="earlier_numbers",
                        to="contacts.contact",
                    ),
                ),
            ],
            options={
                "ordering": [models.F("until").desc(nulls_last=True), "-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("contact", "phone"), name="an_earlier_number_is_kept_once")
                ],
                "indexes": [
                    models.Index(fields=["phone"], opclasses=["varchar_pattern_ops"], name="earlier_number_by_beginning"),
                    models.Index(
                        OpClass(Reverse("phone"), name="text_pattern_ops"), name="earlier_number_by_last_digits"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
