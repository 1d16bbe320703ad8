"""Rows of a sheet into staging rows, each with its fate; the contacts stay as they are.

A batch is cleaned in Python while PostgreSQL judges the one before: COPY into a temporary table, then one statement
that compares with the contacts, the opt-outs and the rows above, and writes each row once.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from contacts.cleaning import Cleaner, RowProblem, as_text
from contacts.importing import judging
from contacts.importing.refusing import Overtaken
from contacts.importing.reporting import Report, ignore
from contacts.models import ContactImport, ImportRow
from contacts.spreadsheets import Row

Fate = ImportRow.Fate
BATCH = 5_000
# The first page of a preview should not wait for a whole batch.
FIRST_BATCH = 200
# More than any field may hold, so a row that is corrected or downloaded has lost nothing; a cell can hold a book.
LONGEST_CELL = 5_000
# Characters of a batch. Ordinary rows never come near; of rows full of long texts fewer are in memory at a time.
HEAVIEST_BATCH = 4_000_000
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_COLUMNS = "number, cells, phone, fields, problem_column, value, reason, warnings, first, edited"
_TEMPORARY = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged_rows (
    number integer, cells jsonb, phone text, fields jsonb, problem_column text, value text, reason text,
    warnings jsonb, first integer, edited boolean
) ON COMMIT DELETE ROWS"""
_INSERT = """
WITH inserted AS (
    INSERT INTO contacts_importrow (contact_import_id, number, cells, phone, fields, fate, "column", value, reason,
                                    warnings, changes, opted_out, shared, edited)
    SELECT i.id, r.number, r.cells, r.phone, r.fields, f.fate, r.problem_column,
           CASE WHEN f.fate = 'skipped' THEN r.phone ELSE r.value END,
           CASE WHEN f.fate <> 'skipped' THEN r.reason
                WHEN f.above IS NULL THEN %(already)s
                ELSE 'The same number stands in row ' || to_char(f.above, 'FM9,999,999')
                     || ' already; that row is taken.' END,
           r.warnings, CASE WHEN f.fate = 'updated' THEN j.changes ELSE '{{}}'::jsonb END,
           s.id IS NOT NULL, f.fate IN ({taken}) AND j.shared, r.edited
    FROM staged_rows AS r
    JOIN contacts_contactimport AS i ON i.id = %(import)s
    LEFT JOIN LATERAL (
        SELECT number FROM contacts_importrow
        WHERE phone = r.phone AND contact_import_id = i.id AND fate IN ({taken}) LIMIT 1) AS e ON true
    {verdict}
    CROSS JOIN LATERAL (
        SELECT COALESCE(r.first, e.number) AS above,
               CASE WHEN r.reason <> '' THEN 'rejected'
                    WHEN COALESCE(r.first, e.number) IS NOT NULL THEN 'skipped' ELSE j.fate END AS fate) AS f
    RETURNING fate, phone)
SELECT fate, count(*) FROM inserted GROUP BY fate"""
# One number with two first names in one file: both rows are flagged, the one that is taken and the one that is not.
_FLAG_SHARED = """
UPDATE contacts_importrow AS t SET shared = true
FROM contacts_importrow AS d JOIN contacts_importrow AS k
    ON k.phone = d.phone AND k.contact_import_id = d.contact_import_id AND k.fate IN ({taken})
WHERE d.contact_import_id = %(import)s AND d.number BETWEEN %(from)s AND %(to)s AND d.fate = 'skipped'
    AND lower(d.fields ->> 'first_name') <> lower(k.fields ->> 'first_name')
    AND t.id IN (d.id, k.id) AND NOT t.shared"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Cleaned rows as COPY reads them, how many they are, and the numbers of the first and the last."""

    text: bytes
    count: int
    begin: int
    end: int


def stage_rows(record: ContactImport, cleaner: Cleaner, rows: Iterable[Row], report: Report = ignore) -> None:
    """Stage what stands below `record.read_through`, a batch a transaction. Raises Overtaken and UnreadableFile."""
    with ThreadPoolExecutor(1) as cleaning:
        batches = _batches(cleaner, rows, record.read_through)
        ahead = cleaning.submit(next, batches, None)
        while (batch := ahead.result()) is not None:
            ahead = cleaning.submit(next, batches, None)
            with transaction.atomic():
                _write_next(record, batch)
            report(batch.count)


def _batches(cleaner: Cleaner, rows: Iterable[Row], through: int) -> Iterator[Batch]:
    wanted = iter(rows) if not through else (row for row in rows if row[0] > through)
    batch = clean(cleaner, wanted, FIRST_BATCH)
    while batch.count:
        yield batch
        batch = clean(cleaner, wanted, BATCH)


def clean(cleaner: Cleaner, rows: Iterable[Row], most: int = BATCH, *, edited: bool = False) -> Batch:
    """Judge the next rows by themselves, and find numbers that stand in this batch twice."""
    seen: dict[str, int] = {}
    corrected = "t" if edited else "f"
    lines: list[str] = []
    weight = begin = number = 0
    for number, cells in rows:
        lines.append(f"{number}\t{_line(cleaner, number, cells, seen)}\t{corrected}\n")  # in the order of _COLUMNS
        begin = begin or number
        weight += len(lines[-1])
        if len(lines) == most or weight > HEAVIEST_BATCH:
            break
    return Batch("".join(lines).encode("utf-8", "replace"), len(lines), begin, number)


def _line(cleaner: Cleaner, number: int, cells: Sequence[Any], seen: dict[str, int]) -> str:
    shown = _json([cell if _plain(cell) else kept(cell) for cell in cells]).replace("\\", "\\\\")
    try:
        row = cleaner.clean(cells)
    except RowProblem as problem:
        told = "\t".join(_escaped(text) for text in (problem.column[:255], problem.value, problem.reason))
        return f"{shown}\t\t{{}}\t{told}\t[]\t\\N"
    phone, warnings = row.phone, row.warnings
    first = seen.setdefault(phone.e164, number)
    if not phone.can_receive_texts:
        warnings = [*warnings, f"This is a {phone.kind} number; it will probably receive no texts."]
    fields = _json({**row.fields, "attributes": row.attributes} if row.attributes else row.fields)
    remarks = _escaped(_json(warnings)) if warnings else "[]"
    above = "\\N" if first == number else first
    return f"{shown}\t{phone.e164}\t{_escaped(fields)}\t\t\t\t{remarks}\t{above}"


def _escaped(text: str) -> str:
    """As COPY's text format wants it (PostgreSQL, COPY, "Text Format")."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def kept(cell: Any) -> str | float:
    """A cell as a row keeps it, so that reading the row again means the same: texts as they are, fractions as numbers.

    JSON in the database knows no NUL.
    """
    if isinstance(cell, float) and isfinite(cell) and not cell.is_integer():
        return cell
    text = cell if isinstance(cell, str) else as_text(cell)
    return text.replace("\x00", "")[:LONGEST_CELL]


def _plain(cell: Any) -> bool:
    """Nearly every cell is, and a million rows have many."""
    return cell.__class__ is str and cell.isascii() and cell.isprintable() and len(cell) <= LONGEST_CELL


def _write_next(record: ContactImport, batch: Batch) -> None:
    """One batch and the count of it, or nothing where another worker has done it."""
    mine = ContactImport.objects.select_for_update().filter(
        pk=record.pk, status=ContactImport.Status.UPLOADED, version=record.version, read_through=record.read_through
    )
    if not mine.exists():
        raise Overtaken
    counts = write(record, batch)
    ContactImport.objects.filter(pk=record.pk).update(
        read_through=batch.end, done_rows=F("done_rows") + batch.count, touched_at=timezone.now(), **added(counts)
    )
    record.read_through = batch.end


def write(record: ContactImport, batch: Batch) -> dict[str, int]:
    """Write staging rows inside the caller's transaction; how many there are of each fate."""
    with connection.cursor() as cursor:
        cursor.execute(_TEMPORARY)
        with cursor.copy(f"COPY staged_rows ({_COLUMNS}) FROM STDIN") as copy:
            copy.write(batch.text)
        cursor.execute(
            _INSERT.format(verdict=judging.verdict(record), taken=judging.TAKEN),
            {"import": record.pk, "already": judging.ALREADY_A_CONTACT},
        )
        counts = {str(fate): int(count) for fate, count in cursor.fetchall()}
        cursor.execute("TRUNCATE staged_rows")
        if counts.get(Fate.SKIPPED):
            places = {"import": record.pk, "from": batch.begin, "to": batch.end}
            cursor.execute(_FLAG_SHARED.format(taken=judging.TAKEN), places)
    return counts


def added(counts: dict[str, int]) -> dict[str, Any]:
    """Counts as an update of the import's own; they may be negative."""
    changes: dict[str, Any] = {fate: F(fate) + count for fate, count in counts.items()}
    return {**changes, "rows": F("rows") + sum(counts.values())}


def count_flags(record: ContactImport) -> dict[str, int]:
    """Rows that somebody should look at; each count is read from a small index."""
    rows = record.import_rows
    return {
        "opted_out": rows.filter(opted_out=True).count(),
        "shared": rows.filter(shared=True).count(),
        "warned": rows.filter(~Q(warnings=[])).count(),
    }
