"""Contacts written per second, from a database of the bench's own into CSV and XLSX, and the memory that it takes."""

import time
import tracemalloc
from collections.abc import Callable, Iterable
from tempfile import TemporaryFile

from bench.baselines import Figure
from bench.databases import database

CONTACTS = 20_000


def run() -> Iterable[Figure]:
    """Export everybody, with four columns of the business's own."""
    with database():
        _fill()
        for name, write in (("CSV", _write_csv), ("XLSX", _write_xlsx)):
            begin = time.perf_counter()
            write()
            yield Figure(f"contacts exported as {name}", CONTACTS / (time.perf_counter() - begin), "per second")
        for name, write in (("CSV", _write_csv), ("XLSX", _write_xlsx)):
            yield Figure(f"peak memory of an export as {name}", _peak(write) / 2**20, "MiB")


def _fill() -> None:
    from contacts.models import Attribute, Contact

    kinds = {"city": "text", "visits": "number", "birthday": "date", "vip": "yesno"}
    Attribute.objects.bulk_create(Attribute(name=name, label=name, kind=kind) for name, kind in kinds.items())
    Contact.objects.bulk_create(
        Contact(
            phone=f"+1{202 + number // 100:03d}55501{number % 100:02d}",
            first_name=f"Person {number}",
            last_name="Doe-Martínez",
            email=f"person{number}@example.com",
            consent_source="form",
            attributes={"city": "Springfield", "visits": number, "birthday": "1990-05-17", "vip": number % 2 == 0},
        )
        for number in range(CONTACTS)
    )


def _write_csv() -> None:
    from contacts import exporting
    from contacts.models import Contact

    resource = exporting.ContactResource()
    with TemporaryFile() as file:
        file.writelines(exporting.csv_pieces(resource.get_export_headers(), resource.rows(Contact.objects.all())))


def _write_xlsx() -> None:
    from contacts import exporting
    from contacts.exporting.tables import Sheet
    from contacts.models import Contact

    resource = exporting.ContactResource()
    with TemporaryFile() as file, Sheet("Contacts", resource.get_export_headers()) as sheet:
        for row in resource.rows(Contact.objects.all()):
            sheet.append(row)
        sheet.save(file)


def _peak(write: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        write()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
