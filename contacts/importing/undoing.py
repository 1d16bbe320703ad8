"""An import taken back: what it made goes, what it changed goes back, unless somebody has built on it since.

A contact that was texted, that another file brought too, or that anything else refers to, stays. A field goes back
only while it still holds what the import wrote. Opt-outs stay whatever happens.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from contacts.deleting import named_elsewhere
from contacts.importing import judging
from contacts.importing.applying import lock_contacts, next_rows, wait_for_other_imports
from contacts.importing.refusing import CannotImport
from contacts.importing.reporting import Report, ignore
from contacts.models import Contact, ContactImport, ImportRow, Membership

Status, Fate = ContactImport.Status, ImportRow.Fate
UNDO_WITHIN = timedelta(days=30)
CHUNK = 2_000

# Each change the other way round, if the contact still has what the import wrote. `t` tells them apart.
_BACK = f"""
SELECT c.id AS contact_id,
       COALESCE(jsonb_object_agg(e.key, jsonb_build_array(e.value -> 1, e.value -> 0)) FILTER (WHERE t.same),
                '{{}}'::jsonb) AS changes,
       count(*) FILTER (WHERE NOT t.same) AS changed_since
FROM contacts_importrow AS r
JOIN LATERAL (SELECT * FROM contacts_contact WHERE phone = r.phone LIMIT 1) AS c ON true
CROSS JOIN LATERAL jsonb_each(r.changes) AS e
CROSS JOIN LATERAL (
    SELECT COALESCE(CASE WHEN e.key LIKE 'attributes.%%' THEN c.attributes -> substr(e.key, 12)
                         {
    " ".join(
        f"WHEN e.key = '{name}' THEN to_jsonb(c.{name})"
        for name in (*judging.TEXT_FIELDS, "consent_source", "consent_at", "consent_text")
    )
}
                    END, 'null') = e.value -> 1 AS same) AS t
WHERE r.contact_import_id = %(import)s AND r.number > %(after)s AND r.number <= %(upto)s AND r.fate = 'updated'
GROUP BY c.id"""


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing does, or did: contacts, fields and memberships by the number."""

    deleted: int = 0
    kept: int = 0
    edited: int = 0
    restored: int = 0
    left_as_changed: int = 0
    off_lists: int = 0

    def __add__(self, other: "Undone") -> "Undone":
        return Undone(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


def why_not(record: ContactImport) -> str:
    """Why this import cannot be undone, in words; nothing where it can."""
    if record.is_opt_outs:
        return "Opt-outs are not undone with a file. Lift a single one, with a reason, on its own page."
    if record.status != Status.IMPORTED or record.finished_at is None:
        return f"There is nothing to undo: {record.get_status_display().lower()}."
    if record.purged_at or record.finished_at < timezone.now() - UNDO_WITHIN:
        return f"It is more than {UNDO_WITHIN.days} days ago; what the contacts were before is not kept any longer."
    return ""


def preview_undo(record: ContactImport) -> Undone:
    """What `begin_undo` would do now; changes nothing."""
    made = _made_by(record)
    in_use = made.filter(_in_use(record)).count()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE changes <> '{{}}'), COALESCE(sum(changed_since), 0) FROM ({_BACK}) AS b",
            {"import": record.pk, "after": 0, "upto": 2**31 - 1},
        )
        restored, changed_since = cursor.fetchone()
    return Undone(
        deleted=made.count() - in_use,
        kept=in_use,
        # Contacts are written in the transaction that makes them, so any later moment is somebody's change.
        edited=made.exclude(_in_use(record)).filter(updated_at__gt=F("created_at")).count(),
        restored=int(restored),
        left_as_changed=int(changed_since),
        off_lists=Membership.objects.filter(added_by_import=record).count(),
    )


def begin_undo(record: ContactImport, by: Any = None) -> None:
    """Let the undoing begin. Raises CannotImport where it cannot, or somebody was first."""
    if problem := why_not(record):
        raise CannotImport(problem)
    now = timezone.now()
    imported = ContactImport.objects.filter(pk=record.pk, status=Status.IMPORTED)
    changed = imported.update(
        status=Status.UNDOING, undone_by=by, step_started_at=now, touched_at=now, done_rows=0, undone_through=0
    )
    record.refresh_from_db()
    if not changed:
        raise CannotImport(f"Somebody was first: {record.get_status_display().lower()}.")


def undo(record: ContactImport, report: Report = ignore) -> None:
    """Take back what is not taken back yet. Safe to run again, and twice at once."""
    while (rows := undo_next(record)) is not None:
        report(rows)
    record.refresh_from_db()


def undo_next(record: ContactImport) -> int | None:
    """One transaction of it, and its rows; None when nothing is left to do."""
    with transaction.atomic():
        wait_for_other_imports()
        locked = ContactImport.objects.select_for_update().get(pk=record.pk)
        if locked.status != Status.UNDOING:
            return None
        upto, fates = next_rows(locked, locked.undone_through, CHUNK)
        rows = fates.total()
        if not rows:
            ContactImport.objects.filter(pk=locked.pk).update(status=Status.UNDONE, touched_at=timezone.now())
            return None
        done = Undone(**locked.undone) + _undo_rows(locked, locked.undone_through, upto)
        ContactImport.objects.filter(pk=locked.pk).update(
            undone=asdict(done), undone_through=upto, done_rows=F("done_rows") + rows, touched_at=timezone.now()
        )
    return rows


def _undo_rows(record: ContactImport, after: int, upto: int) -> Undone:
    rows = record.import_rows.filter(number__gt=after, number__lte=upto, fate__in=ImportRow.TAKEN)
    phones = rows.values("phone")
    off_lists = Membership.objects.filter(added_by_import=record, contact__phone__in=phones)
    off = off_lists._raw_delete(off_lists.db)
    restored, left = _restore(record, after, upto)
    made = _made_by(record).filter(phone__in=rows.filter(fate=Fate.CREATED).values("phone"))
    # A text that is being queued locks the contact too, so what is unused here stays unused until we are done.
    ids = list(made.order_by("pk").select_for_update().values_list("pk", flat=True))
    unused = Contact.objects.filter(pk__in=ids).exclude(_in_use(record))
    edited = unused.filter(updated_at__gt=F("created_at")).count()
    deleted = unused.delete()[1].get("contacts.Contact", 0)
    return Undone(deleted, len(ids) - deleted, edited, restored, left, off)


def _restore(record: ContactImport, after: int, upto: int) -> tuple[int, int]:
    places = {"import": record.pk, "after": after, "upto": upto}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT contact_id FROM ({_BACK}) AS b", places)
        lock_contacts(cursor, {pk for (pk,) in cursor.fetchall()})
        cursor.execute(f"SELECT COALESCE(sum(changed_since), 0) FROM ({_BACK}) AS b", places)
        (left,) = cursor.fetchone()
        cursor.execute(judging.write_changes(f"(SELECT * FROM ({_BACK}) AS b WHERE b.changes <> '{{}}')"), places)
        return cursor.rowcount, int(left)


def _made_by(record: ContactImport) -> QuerySet[Contact]:
    rows = record.import_rows.filter(fate=Fate.CREATED).values("phone")
    return Contact.objects.filter(created_by_import=record, phone__in=rows)


def _in_use(record: ContactImport) -> Q:
    """Texted, in conversation, brought by a later import too, named, or referred to by what must not lose its contact.

    Whom a draft leaves out by name would be texted if they went and then came again in another file.
    """
    later = ImportRow.objects.filter(
        phone=OuterRef("phone"),
        fate__in=ImportRow.TAKEN,
        contact_import__purpose=ContactImport.Purpose.CONTACTS,
        contact_import__status__in=[Status.IMPORTING, Status.IMPORTED],
        contact_import__confirmed_at__gt=record.confirmed_at,
    )
    found = Q(last_texted_at__isnull=False) | Q(conversation_open=True) | Q(Exists(later)) | named_elsewhere()
    for relation in Contact._meta.related_objects:
        if relation.on_delete is models.PROTECT:
            those = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            found |= Q(Exists(those))
    return found
