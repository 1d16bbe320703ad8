"""Rows imported per second, against django-import-export's default resource in the same run, and the worker's memory.

Ours begins with the upload, which is stored, and ends with the last contact. `IMPORT_ROWS` (default 100,000) sets the
size of the files that are read in turn with the baseline; a file of a million, with `IMPORT_LARGE`, comes at the end.
"""

import csv
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.baselines import Figure
from bench.databases import database

ROWS = int(os.environ.get("IMPORT_ROWS", "100000"))
LARGE = int(os.environ.get("IMPORT_LARGE", "1000000"))
# The library's rate does not depend on the size of the file, so that nobody waits a quarter of an hour for it.
BASELINE_ROWS = 3_000
SETTLED = {"settled": True}  # what is in doubt is taken as likeliest
RUNS = int(os.environ.get("IMPORT_RUNS", "5"))  # the median counts
HEADER = ("Phone", "First name", "Last name", "E-mail", "Company", "City")
# Area codes in use, so that a million numbers are valid ones.
AREAS = (202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229)


def run() -> Iterable[Figure]:
    """Import one file again and again into an empty table, then once more over the same people."""
    with TemporaryDirectory() as folder, database() as url:
        sheet, workbook = Path(folder) / "people.csv", Path(folder) / "people.xlsx"
        _write_csv(sheet, ROWS)
        _write_workbook(workbook, min(ROWS, 100_000))
        rounds = [(_baseline(), _ours(sheet, url)) for _ in range(RUNS)]
        again = _ours(sheet, url, empty=False)
        _write_csv(sheet, LARGE)
        slow, large, slower = _baseline(), _ours(sheet, url), _baseline()
        as_workbook, as_csv = _ours(workbook, url), _ours(_shortened(sheet, Path(folder)), url)
    theirs, ours = median(one for one, _ in rounds), median(ROWS / one["seconds"] for _, one in rounds)
    yield Figure("rows a second, import-export's default resource", theirs, "per second")
    yield Figure(f"rows a second, staged, previewed, imported ({ROWS:,})", ours, "per second")
    yield Figure("times the default resource", ours / theirs, "times")
    yield Figure("first page of the preview", median(one["first_page"] for _, one in rounds), "s")
    yield Figure("whole preview", median(one["preview"] for _, one in rounds), "s")
    yield Figure("peak memory of the worker", max(one["memory"] for _, one in rounds), "MiB")
    yield Figure("the same file again", ROWS / again["seconds"], "rows/s")
    yield Figure("contacts rewritten by it", again["rewritten"], "contacts")
    yield Figure(f"rows a second ({LARGE:,})", LARGE / large["seconds"], "per second")
    yield Figure(f"times the default resource ({LARGE:,})", LARGE / large["seconds"] / median([slow, slower]), "times")
    yield Figure(f"peak memory of the worker ({LARGE:,})", large["memory"], "MiB")
    yield Figure("XLSX of up to 100,000 rows, longer than as CSV", as_workbook["seconds"] - as_csv["seconds"], "s")


def _people(count: int) -> Iterable[tuple[str, ...]]:
    for index in range(count):
        area, line = AREAS[index % len(AREAS)], index // len(AREAS)
        number = f"{area}{200 + line // 10_000 % 800}{line % 10_000:04d}"
        phone = f"({number[:3]}) {number[3:6]}-{number[6:]}" if index % 2 else f"+1{number}"
        city = ("Austin", "Boston", "Chicago")[index % 3]
        yield phone, f"Person {index % 997}", f"Miller {index % 1009}", f"p{index}@example.com", "Example Inc.", city


def _write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *_people(count)])


def _write_workbook(path: Path, count: int) -> None:
    from openpyxl import Workbook  # not above: the worker that is measured imports this module

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [HEADER, *_people(count)]:
        sheet.append(row)
    book.save(path)


def _shortened(sheet: Path, folder: Path) -> Path:
    path = folder / "short.csv"
    _write_csv(path, min(ROWS, 100_000))
    return path


def _baseline() -> float:
    """Rows a second of the library's own importer, numbers as they come, into the same empty table."""
    from import_export.resources import modelresource_factory
    from tablib import Dataset  # type: ignore[import-untyped]

    from contacts.models import Contact

    _empty()
    rows = [
        (f"+1{202 + i // 10_000}555{i % 10_000:04d}", *person[1:4]) for i, person in enumerate(_people(BASELINE_ROWS))
    ]
    dataset = Dataset(*rows, headers=["phone", "first_name", "last_name", "email"])
    fields = {"fields": ("phone", "first_name", "last_name", "email"), "import_id_fields": ("phone",)}
    importer = modelresource_factory(Contact, meta_options=fields)()
    begin = time.perf_counter()
    result = importer.import_data(dataset, raise_errors=True)
    seconds = time.perf_counter() - begin
    assert result.totals["new"] == BASELINE_ROWS
    return BASELINE_ROWS / seconds


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE contacts_contact, contacts_importrow, contacts_contactimport CASCADE")
        cursor.execute("VACUUM ANALYZE contacts_contact, contacts_importrow")


def _ours(path: Path, url: str, *, empty: bool = True) -> dict[str, Any]:
    """The three steps in a process of their own, as a worker takes them."""
    if empty:
        _empty()
    done = subprocess.run(
        [sys.executable, "-m", "bench.bench_importing", str(path)],
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "revmo_campaigns.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _import(path: Path) -> dict[str, float]:
    import django

    django.setup()
    from django.db.models import Max

    from contacts import importing
    from contacts.models import Contact

    before = Contact.objects.aggregate(Max("updated_at"))["updated_at__max"]
    first_page = 0.0
    begin = time.perf_counter()

    def watch(rows: int) -> None:
        nonlocal first_page
        first_page = first_page or time.perf_counter() - begin

    with path.open("rb") as file:
        record = importing.receive(iter(lambda: file.read(64 * 1024), b""), path.name, importing.Rules(answers=SETTLED))
    importing.read(record, watch)
    preview = time.perf_counter() - begin
    importing.confirm(record)
    importing.apply(record)
    seconds = time.perf_counter() - begin
    assert record.rejected == record.skipped == 0, (record.status, record.problem, record.rejected, record.skipped)
    rewritten = Contact.objects.filter(updated_at__gt=before).count() if before else 0
    # Not getrusage: that counts the bench, which this process was forked from.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    memory = int(peak[1]) / 1024 if peak else 0.0
    return {"seconds": seconds, "preview": preview, "first_page": first_page, "memory": memory, "rewritten": rewritten}


if __name__ == "__main__":
    print(json.dumps(_import(Path(sys.argv[1]))))
