"""Every change of a conversation's row moves its revision, whoever makes it and however."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION conversations_next_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END
$$;

CREATE TRIGGER a_change_is_a_new_revision BEFORE UPDATE ON conversations_conversation
FOR EACH ROW EXECUTE FUNCTION conversations_next_revision();
"""
BACKWARD = """
DROP TRIGGER a_change_is_a_new_revision ON conversations_conversation;
DROP FUNCTION conversations_next_revision();
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_inbox")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
