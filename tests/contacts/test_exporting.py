"""What comes out is safe to open, is everything, and goes in again as it was."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contacts import exporting, importing
from contacts.attributes import FORMULA_STARTS, as_text
from contacts.exporting.cells import storable_in_xml
from contacts.exporting.tables import Sheet
from contacts.models import Attribute, Contact, ContactExport, ContactImport, StoredFile
from contacts.tasks import work_on_export
from tests.contacts.exports import cells, exporter, written
from tests.makers import make_contacts

Status = ContactExport.Status
ODD = ["=", "==1+1", "+1+1", "-2-3", "@SUM(A1)", "=cmd|' /C calc'!A0", "#N/A", "''=1", "'", "''", "_x0041_", "a_x000D_",
       "a\rb", "a\r\nb", "a\nb", "a\tb", '"', 'a"b', ";", ",", "a,b;c|d\te", "😀 Zoë", "\u202eabc\u202c", "a\u200bb",
       "\x07", "0012", "1e5", "TRUE", "2025-01-01", "-", "sep=;", "\ufeffx", "9" * 20, "<b>"]  # fmt: skip
# A database holds no NUL, and XML neither of the others, which no character will ever be.
UNHEARD_OF = "\x00\ufffe\uffff"
texts = st.one_of(
    st.sampled_from(ODD), st.text(st.characters(codec="utf-8", exclude_characters=UNHEARD_OF), max_size=20)
)
# As they stand in the database: what the importer itself makes of a cell.
storable = texts.map(as_text).filter(lambda text: as_text(text) == text)


def as_csv() -> bytes:
    resource = exporting.ContactResource()
    return b"".join(exporting.csv_pieces(resource.get_export_headers(), resource.rows(Contact.objects.all())))


def as_xlsx() -> bytes:
    resource, packed = exporting.ContactResource(), io.BytesIO()
    with Sheet("Contacts", resource.get_export_headers()) as sheet:
        for row in resource.rows(Contact.objects.all()):
            sheet.append(row)
        sheet.save(packed)
    return packed.getvalue()


def everything() -> list[dict[str, Any]]:
    names = ["phone", "first_name", "last_name", "email", "company", "time_zone", "attributes"]
    return list(Contact.objects.order_by("phone").values(*names, "consent_source", "consent_at", "consent_text"))


def imported(path: Path) -> ContactImport:
    record = importing.begin(path.name, "0" * 64, importing.Rules())
    importing.preview(record, path)
    assert record.status == ContactImport.Status.PREVIEWED, (record.problem, record.reading)
    importing.confirm(record)
    importing.apply(record)
    return record


@given(storable)
def test_the_apostrophe_is_taken_off_again(text: str) -> None:
    safe = exporting.harmless(text)
    assert as_text(safe) == text
    assert safe[:1] not in set(FORMULA_STARTS) or safe.lstrip("+-").replace(".", "").isdigit()


@pytest.mark.parametrize("number", ["+12025550123", "-5", "+0.25", "12"])
def test_a_plain_number_stays_one(number: str) -> None:
    assert exporting.harmless(number) == number


@pytest.mark.parametrize(
    "formula", ["=1", "+1+1", "-1-1", "@a", "\t=1", "\r=1", "\n=1", "+1e5", "-", "+1 202 555 0123", "＝1", "＠a"]
)
def test_a_formula_is_disarmed(formula: str) -> None:
    assert exporting.harmless(formula) == f"'{formula}"


def test_what_xml_cannot_hold_is_escaped_as_excel_does() -> None:
    assert storable_in_xml("a\rb\x07\ufffe_x0041_ _x_\t\n") == "a_x000D_b_x0007__xFFFE__x005F_x0041_ _x_\t\n"


KINDS = {"size": Attribute.Kind.TEXT, "visits": Attribute.Kind.NUMBER, "birthday": Attribute.Kind.DATE,
         "vip": Attribute.Kind.YESNO}  # fmt: skip
numbers = st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(-1e14, 1e14, allow_subnormal=False)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "size": storable.filter(bool),
        "visits": numbers,
        "birthday": st.dates(date(1000, 1, 1)).map(date.isoformat),
        "vip": st.booleans(),
    },
)
consents: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {
        "consent_source": st.sampled_from([source for source in Contact.ConsentSource.values if source]),
        "consent_at": st.none()
        | st.datetimes(datetime(1990, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC)).map(
            lambda moment: moment.replace(microsecond=0)
        ),
        "consent_text": storable,
    }
)
people = st.builds(
    lambda consent, **fields: {**fields, **consent},
    consents,
    first_name=storable,
    last_name=storable,
    company=storable,
    email=st.sampled_from(["", "jane@example.com", "o'neil+x@mail.example.org"]),
    time_zone=st.sampled_from(["", "America/Phoenix", "Europe/Berlin"]),
    attributes=attributes,
)


@pytest.mark.django_db
@pytest.mark.parametrize("write", [as_csv, as_xlsx])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(people, min_size=1, max_size=6))
@example(found=[{"first_name": as_text(text), "attributes": {"size": as_text(text) or "x"}} for text in ODD])
def test_what_was_exported_is_imported_as_it_was(tmp_path: Path, write: Any, found: list[dict[str, Any]]) -> None:
    Contact.objects.all().delete()
    for name, kind in KINDS.items():
        Attribute.objects.get_or_create(name=name, kind=kind, label=f"Their {name}")
    Contact.objects.bulk_create(Contact(phone=f"+120255501{n:02d}", **fields) for n, fields in enumerate(found))
    before = everything()
    path = tmp_path / "export"
    path.write_bytes(write())

    again = imported(path)
    assert (again.unchanged, again.rejected) == (len(found), 0)

    Contact.objects.all().delete()
    assert imported(path).created == len(found)
    assert everything() == before


@pytest.mark.django_db
def test_headers_that_would_say_two_things_give_way() -> None:
    for name, label in [
        ("budget", "Budget"),
        ("budget_2", "BUDGET!"),
        ("firm", "Company"),
        ("home_phone", "Home phone"),
    ]:
        Attribute.objects.create(name=name, label=label)
    assert exporting.ContactResource().get_export_headers() == [
        "Phone", "First name", "Last name", "E-mail", "Company", "Time zone", "Consent source", "Consent date",
        "Consent wording", "Budget", "budget_2", "firm", "Home phone",
    ]  # fmt: skip


@pytest.mark.django_db
def test_no_cell_of_a_workbook_is_a_formula_or_an_error() -> None:
    Attribute.objects.create(name="sum", label="=1+1", kind=Attribute.Kind.NUMBER)
    for index, text in enumerate(ODD):
        Contact.objects.create(phone=f"+120255501{index:02d}", first_name=text, attributes={"sum": -5})
    workbook = as_xlsx()
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).active
    assert sheet is not None
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s", "n"}
    assert sheet.max_row == len(ODD) + 1
    assert b"<f" not in zipfile.ZipFile(io.BytesIO(workbook)).read("xl/worksheets/sheet1.xml")


@pytest.mark.django_db
def test_no_cell_of_a_csv_begins_a_formula() -> None:
    for index, text in enumerate(ODD):
        Contact.objects.create(phone=f"+120255501{index:02d}", first_name=text)
    lines = as_csv().decode("utf-8-sig").split('\r\n"')
    starts = {line.split('","')[1][:1] for line in lines[1:]}
    assert not starts & set(FORMULA_STARTS)


@pytest.mark.django_db
def test_memory_and_queries_do_not_grow_with_the_contacts() -> None:
    make_contacts(20_000, attributes={"size": "large"})
    Attribute.objects.create(name="size", label="Size")
    resource = exporting.ContactResource()
    tracemalloc.start()
    try:
        with CaptureQueriesContext(connection) as queries:
            pieces = exporting.csv_pieces(resource.get_export_headers(), resource.rows(Contact.objects.all()))
            length = sum(map(len, pieces))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(queries) == 1
    assert length > 20_000 * 50
    assert peak < 6 << 20  # all of them would take some 40 MiB


@pytest.mark.django_db
def test_a_worker_asks_the_database_once_a_batch() -> None:
    make_contacts(6_100)
    user = exporter()
    with CaptureQueriesContext(connection) as queries:
        record = written(user)
    progress = [one for one in queries if one["sql"].startswith('UPDATE "contacts_contactexport" SET "rows"')]
    assert record.rows == 6_100
    assert len(progress) == 5  # the beginning, and four batches
    assert len(queries) < 40


@pytest.mark.django_db
def test_a_job_that_runs_twice_writes_one_file() -> None:
    make_contacts(3)
    record = written()
    work_on_export(record.pk)
    record.refresh_from_db()
    assert (record.status, record.rows, StoredFile.objects.count()) == (Status.READY, 3, 1)


@pytest.mark.django_db
def test_a_worker_that_was_overtaken_leaves_the_file_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    make_contacts(3)
    record = exporting.begin("", "contacts.xlsx", 3, exporter())
    rows = exporting.ContactResource.rows

    def overtaken(self: exporting.ContactResource, contacts: Any) -> Iterator[list[Any]]:
        monkeypatch.undo()
        for count, row in enumerate(rows(self, contacts)):
            if count == 1:
                exporting.write(record)
            yield row

    monkeypatch.setattr(exporting.ContactResource, "rows", overtaken)
    exporting.write(record)
    record.refresh_from_db()
    assert (record.status, record.rows, StoredFile.objects.count()) == (Status.READY, 3, 1)


@pytest.mark.django_db
def test_who_may_not_see_contacts_any_more_gets_no_file() -> None:
    user = exporter()
    user.user_permissions.clear()
    record = written(User.objects.get(pk=user.pk))
    assert (record.status, record.stored_file) == (Status.FAILED, None)
    assert "may not see" in record.problem


@pytest.mark.django_db
def test_a_text_that_no_cell_holds_is_a_sentence_and_never_cut() -> None:
    make_contacts(1, consent_source="form", consent_text="x" * 40_000)
    record = written()
    assert record.status == Status.FAILED
    assert "32,767" in record.problem
    assert len(as_csv()) > 40_000


@pytest.mark.django_db
def test_rejected_rows_come_with_the_reason_and_go_in_again_when_corrected(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    long = "x" * 900
    path.write_text(f"Mobile,First name,Notes\n12,=Bad,{long}\n2025550100,Jane,\n,#N/A,\n", encoding="utf-8")
    record = importing.begin(path.name, "0" * 64, importing.Rules(answers={"settled": True}))
    importing.preview(record, path)
    workbook = b"".join(exporting.rejected_workbook(record))
    header, first, second = cells(workbook)
    assert header == ("Row", "Why not", "Mobile", "First name", "Notes")
    assert (first[0], first[2:]) == (2, ("12", "=Bad", long))
    assert (second[0], second[2:4]) == (4, (None, "#N/A"))
    assert all(row[1] for row in (first, second))

    book = openpyxl.load_workbook(io.BytesIO(workbook))
    assert book.active is not None
    book.active["C2"] = "2025550101"
    book.save(tmp_path / "corrected.xlsx")
    again = importing.begin("corrected.xlsx", "0" * 64, importing.Rules(answers={"settled": True}))
    importing.preview(again, tmp_path / "corrected.xlsx")
    row = again.import_rows.get(fate="created")
    assert row.fields == {"first_name": "=Bad", "attributes": {"notes": long}}
