"""Every row of a spreadsheet ends in exactly one of five fates."""

import csv
import threading
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts import importing
from contacts.importing import CannotImport
from contacts.models import Contact, ContactImport, ContactList, ImportRow, Suppression
from contacts.suppressing import suppress
from tests.contacts.imports import counts, fates, imported, staged

Status = ContactImport.Status


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.django_db
def test_the_preview_changes_nothing_and_says_what_it_would_do(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550101", first_name="Old")
    Contact.objects.create(phone="+12025550102", first_name="Same")
    rows = "Phone,First name\n2025550100,New\n2025550101,Other\n2025550102,Same\n2025550100,Twice\n12,Bad\n"
    record = staged(sheet, rows)
    assert fates(record) == {2: "created", 3: "updated", 4: "unchanged", 5: "skipped", 6: "rejected"}
    assert (record.rows, counts(record), record.status) == (5, (1, 1, 1, 1, 1), Status.PREVIEWED)
    assert Contact.objects.count() == 2
    skipped = record.import_rows.get(number=5)
    assert "row 2" in skipped.reason


@pytest.mark.django_db
def test_a_confirmed_import_does_what_the_preview_said(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550101", first_name="Old", company="Kept")
    patients = ContactList.objects.create(name="Patients")
    record = imported(sheet, "Phone,First name,City\n2025550100,New,Bonn\n2025550101,Other,\n", lists=[patients])
    assert (record.status, counts(record)) == (Status.IMPORTED, (1, 1, 0, 0, 0))
    assert patients.members.count() == 2
    new, old = Contact.objects.get(phone="+12025550100"), Contact.objects.get(phone="+12025550101")
    assert (new.first_name, new.attributes) == ("New", {"city": "Bonn"})
    assert (old.first_name, old.company) == ("Other", "Kept")


@pytest.mark.django_db
def test_a_blank_cell_never_overwrites(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane", attributes={"city": "Bonn"})
    record = imported(sheet, "Phone,First name,City\n2025550100,,\n")
    assert counts(record) == (0, 0, 1, 0, 0)
    contact = Contact.objects.get()
    assert (contact.first_name, contact.attributes) == ("Jane", {"city": "Bonn"})


@pytest.mark.django_db
def test_the_same_file_again_changes_nobody(sheet: Path) -> None:
    rows = "Phone,First name\n2025550100,Jane\n2025550101,José\n"
    imported(sheet, rows)
    before = list(Contact.objects.order_by("pk").values_list("pk", "updated_at"))
    assert counts(imported(sheet, rows)) == (0, 0, 2, 0, 0)
    assert list(Contact.objects.order_by("pk").values_list("pk", "updated_at")) == before


@pytest.mark.django_db
def test_who_opted_out_stays_opted_out_and_is_flagged(sheet: Path) -> None:
    suppress(["+12025550100"], source=Suppression.Source.REPLY, evidence="STOP")
    record = imported(sheet, "Phone,First name\n2025550100,Jane\n")
    assert record.import_rows.get().opted_out
    assert Suppression.objects.standing().filter(phone="+12025550100").exists()
    assert not Contact.objects.reachable().exists()


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_says_why_and_leaves_no_rows(sheet: Path) -> None:
    record = staged(sheet, 'Phone,Name\n2025550100,"never closed\n')
    assert record.status == Status.UNREADABLE
    assert "quot" in record.problem
    assert not record.import_rows.exists()
    with pytest.raises(CannotImport):
        importing.confirm(record)


@pytest.mark.django_db
def test_confirming_twice_is_refused_in_words(sheet: Path) -> None:
    record = staged(sheet, "Phone\n2025550100\n")
    importing.confirm(record)
    with pytest.raises(CannotImport, match="confirmed already"):
        importing.confirm(ContactImport.objects.get(pk=record.pk))


@pytest.mark.django_db
def test_applying_twice_changes_nothing_more(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n")
    importing.apply(record)
    assert (Contact.objects.count(), counts(record)) == (1, (1, 0, 0, 0, 0))


@pytest.mark.django_db
def test_an_import_that_was_given_up_cannot_be_confirmed(sheet: Path) -> None:
    record = staged(sheet, "Phone\n2025550100\n")
    assert "No contact was changed" in importing.cancel(record)
    with pytest.raises(CannotImport, match="canceled"):
        importing.confirm(record)
    with pytest.raises(CannotImport, match="too late"):
        importing.cancel(record)


@pytest.mark.django_db
def test_what_changed_since_the_preview_is_seen(sheet: Path) -> None:
    record = staged(sheet, "Phone,First name\n2025550100,Jane\n")
    Contact.objects.create(phone="+12025550100", first_name="Jane")
    importing.confirm(record)
    importing.apply(record)
    assert counts(record) == (0, 0, 1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_overlapping_imports_at_once_make_a_union(tmp_path: Path) -> None:
    records = [
        staged(tmp_path / f"{start}.csv", "Phone\n" + "".join(f"202555{n:04d}\n" for n in range(start, start + 60)))
        for start in (100, 140)
    ]
    for record in records:
        importing.confirm(record)
    barrier = threading.Barrier(2)

    def work(record: ContactImport) -> None:
        barrier.wait()
        try:
            importing.apply(record)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(record,)) for record in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Contact.objects.count() == 100
    assert sum(record.created for record in records) == 100
    assert sum(record.unchanged for record in records) == 20


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
phones = st.one_of(st.integers(2025550100, 2025550105).map(str), st.just(""), cells)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(phones, cells), max_size=12))
def test_every_row_has_exactly_one_fate_and_the_counts_add_up(sheet: Path, rows: list[tuple[str, str]]) -> None:

    with sheet.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["Phone", "First name"])
        writer.writerows(rows)
    record = importing.begin("x.csv", "0" * 64, importing.Rules(answers={"settled": True}))
    importing.preview(record, sheet)
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert record.status == Status.PREVIEWED
    assert record.rows == len(filled) == sum(counts(record)) == record.import_rows.count()
    assert set(record.import_rows.values_list("fate", flat=True)) <= set(ImportRow.Fate.values)
