"""The change that was previewed, some thousand rows a transaction.

Contacts may have changed since the preview, so every row is judged again; its fate is what really happened. Each
transaction ends with the number of its last row, so a worker that comes after a dead one goes on there.
"""

from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F
from django.utils import timezone

from contacts.importing import judging
from contacts.importing.refusing import Overtaken
from contacts.importing.reporting import Report, ignore
from contacts.models import ContactImport, ImportRow, Suppression
from contacts.suppressing import suppress

Status, Fate = ContactImport.Status, ImportRow.Fate
CHUNK = 5_000
# An opt-out also looks for queued texts of each number.
CHUNK_OF_OPT_OUTS = 1_000
# An arbitrary number of ours: the advisory lock that imports take in turn.
IMPORT_LOCK = 555_02

_CHUNK = "r.contact_import_id = %(import)s AND r.number > %(after)s AND r.number <= %(upto)s"
_FIELDS = ", ".join(f"COALESCE(r.fields ->> '{field}', '')" for field in judging.TEXT_FIELDS)
_NEW_CONTACT = f"""
INSERT INTO contacts_contact (phone, first_name, last_name, email, company, time_zone, attributes, consent_source,
                              consent_at, consent_text, conversation_open, created_at, updated_at,
                              created_by_import_id, created_from_row)
SELECT r.phone, {_FIELDS}, jsonb_strip_nulls(COALESCE(r.fields -> 'attributes', '{{}}')),
       n.source, n.given_at, n.wording, false, now(), now(), i.id, r.number
FROM contacts_importrow AS r
JOIN contacts_contactimport AS i ON i.id = r.contact_import_id
{judging.CONSENT}"""
# Whoever is no contact at this moment need not be compared with one. The rest is judged below.
_CREATE_ALL = f"{_NEW_CONTACT} WHERE {_CHUNK} AND r.fate = 'created' ON CONFLICT (phone) DO NOTHING"
_CREATE_JUDGED = f"""{_NEW_CONTACT} JOIN judged_rows AS j ON j.row_id = r.id
WHERE {_CHUNK} AND j.contact_id IS NULL ON CONFLICT (phone) DO NOTHING"""
_TEMPORARY = """
CREATE TEMPORARY TABLE IF NOT EXISTS judged_rows (
    row_id bigint, contact_id bigint, fate text, changes jsonb, differs boolean
) ON COMMIT DELETE ROWS"""
_JUDGE = f"""
INSERT INTO judged_rows
SELECT r.id, j.contact_id, j.fate, j.changes, r.fate <> j.fate OR r.changes <> j.changes
FROM contacts_importrow AS r
JOIN contacts_contactimport AS i ON i.id = r.contact_import_id
{{verdict}}
WHERE {_CHUNK} AND r.fate IN ({{taken}})
    AND NOT (r.fate = 'created'
             AND (c.created_by_import_id, c.created_from_row) IS NOT DISTINCT FROM (i.id, r.number))"""
# Those that the preview said would be written. The others need no lock, and a lock is a write of its own.
_TO_BE_WRITTEN = f"""
SELECT c.id FROM contacts_importrow AS r
JOIN LATERAL (SELECT id FROM contacts_contact WHERE phone = r.phone LIMIT 1) AS c ON true
WHERE {_CHUNK} AND r.fate = 'updated'"""
_WRITE_DOWN = """
UPDATE contacts_importrow AS r SET fate = j.fate, changes = j.changes,
    reason = CASE WHEN j.fate = 'skipped' THEN %(already)s ELSE '' END
FROM judged_rows AS j WHERE j.differs AND r.id = j.row_id"""
_ENLIST = f"""
INSERT INTO contacts_membership (contact_id, contact_list_id, added_at, added_by_import_id)
SELECT c.id, l.contactlist_id, now(), %(import)s
FROM contacts_importrow AS r
JOIN LATERAL (SELECT id FROM contacts_contact WHERE phone = r.phone LIMIT 1) AS c ON true
JOIN contacts_contactimport_lists AS l ON l.contactimport_id = %(import)s
WHERE {_CHUNK} AND r.fate IN ({judging.TAKEN})
ON CONFLICT (contact_list_id, contact_id) DO NOTHING"""


def apply(record: ContactImport, report: Report = ignore) -> None:
    """Import what is confirmed and not yet imported. Safe to run again, and twice at once."""
    while (rows := apply_next(record)) is not None:
        report(rows)
    record.refresh_from_db()


def apply_next(record: ContactImport) -> int | None:
    """One transaction of it, and its rows; None when nothing is left to do, or somebody stopped it."""
    try:
        with transaction.atomic():
            wait_for_other_imports()
            locked = ContactImport.objects.select_for_update().get(pk=record.pk)
            if locked.status != Status.IMPORTING:
                return None
            size = CHUNK_OF_OPT_OUTS if locked.is_opt_outs else CHUNK
            upto, fates = next_rows(locked, locked.applied_through, size)
            rows = fates.total()
            if not rows:
                _finish(locked)
                return None
            places = {"import": locked.pk, "after": locked.applied_through, "upto": upto}
            if locked.is_opt_outs:
                _note_opt_outs(locked, places)
            else:
                _change_contacts(locked, places, fates)
            done = {"applied_through": upto, "done_rows": F("done_rows") + rows, "touched_at": timezone.now()}
            ContactImport.objects.filter(pk=locked.pk).update(**done)
    except Overtaken:  # by somebody who made one of these contacts at this moment: judge the rows once more
        return 0
    return rows


def wait_for_other_imports() -> None:
    """One import at a time, so that two overlapping files neither collide nor deadlock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])


def next_rows(record: ContactImport, after: int, size: int) -> tuple[int, Counter[str]]:
    """The number of the last of the next rows, and how many they are of each fate."""
    rows = record.import_rows.filter(number__gt=after).order_by("number").values_list("number", "fate")[:size]
    found = list(rows)
    return (found[-1][0] if found else after), Counter(fate for _, fate in found)


def _change_contacts(record: ContactImport, places: dict[str, Any], fates: Counter[str]) -> None:
    with connection.cursor() as cursor:
        created = 0
        if fates[Fate.CREATED]:
            cursor.execute(_CREATE_ALL, places)
            created = cursor.rowcount
        if created < sum(fates[fate] for fate in ImportRow.TAKEN):
            _change_the_others(cursor, record, places)
        if record.lists.exists():
            cursor.execute(_ENLIST, places)


def _change_the_others(cursor: Any, record: ContactImport, places: dict[str, Any]) -> None:
    cursor.execute(_TEMPORARY)
    _judge_under_locks(cursor, record, places)
    cursor.execute(judging.write_changes("(SELECT contact_id, changes FROM judged_rows WHERE fate = 'updated')"))
    cursor.execute("SELECT count(*) FROM judged_rows WHERE contact_id IS NULL")
    (missing,) = cursor.fetchone()
    if missing:
        cursor.execute(_CREATE_JUDGED, places)
        if cursor.rowcount != missing:
            raise Overtaken
    cursor.execute(_WRITE_DOWN, {"already": judging.ALREADY_A_CONTACT})


def _judge_under_locks(cursor: Any, record: ContactImport, places: dict[str, Any]) -> None:
    """Judge while nobody can change the contacts that will be written."""
    judge = _JUDGE.format(verdict=judging.verdict(record), taken=judging.TAKEN)
    cursor.execute(_TO_BE_WRITTEN, places)
    wanted = {pk for (pk,) in cursor.fetchall()}
    locked: set[int] = set()
    while True:
        lock_contacts(cursor, wanted - locked)
        locked |= wanted
        cursor.execute("TRUNCATE judged_rows")
        cursor.execute(judge, places)
        cursor.execute("SELECT contact_id FROM judged_rows WHERE fate = 'updated'")
        wanted = {pk for (pk,) in cursor.fetchall()}
        if wanted <= locked:
            return


def lock_contacts(cursor: Any, ids: set[int]) -> None:
    """Hold these contacts until the end of the transaction; in one order, so that nobody deadlocks."""
    cursor.execute("SELECT 1 FROM contacts_contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(ids)])


def _note_opt_outs(record: ContactImport, places: dict[str, Any]) -> None:
    rows = record.import_rows.filter(
        number__gt=places["after"], number__lte=places["upto"], fate__in=ImportRow.TAKEN
    ).values_list("number", "phone")
    by_phone = {phone: number for number, phone in rows}
    standing = Suppression.objects.standing().filter(phone__in=by_phone)
    known = set(standing.values_list("phone", flat=True))
    suppress(
        list(by_phone),
        source=Suppression.Source.IMPORT,
        evidence=f"Opt-out list “{record.file_name}”.",
        by=record.confirmed_by,
    )
    numbers = {
        fate: [n for phone, n in by_phone.items() if (phone in known) == (fate == Fate.UNCHANGED)]
        for fate in (Fate.CREATED, Fate.UNCHANGED)
    }
    for fate, those in numbers.items():
        record.import_rows.filter(number__in=those).exclude(fate=fate).update(fate=fate)


def _finish(record: ContactImport) -> None:
    """Every row has been through: count what really happened."""
    counts = dict.fromkeys(Fate.values, 0)
    counts |= dict(record.import_rows.values_list("fate").annotate(Count("pk")).order_by())
    now = timezone.now()
    ContactImport.objects.filter(pk=record.pk).update(status=Status.IMPORTED, finished_at=now, touched_at=now, **counts)
