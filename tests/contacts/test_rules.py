"""What an import does to the people that we have already, as staff chose; and what it never does."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contacts import importing
from contacts.models import Attribute, Contact, ContactImport, ContactList
from tests.contacts.imports import counts, fates, imported, staged

Existing = ContactImport.Existing
pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_only_new_people_are_added_if_so_asked(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane")
    record = imported(sheet, "Phone,First name\n2025550100,Janet\n2025550101,Jo\n", existing=Existing.SKIP)
    assert fates(record) == {2: "skipped", 3: "created"}
    assert "only adds new people" in record.import_rows.get(number=2).reason
    assert Contact.objects.get(phone="+12025550100").first_name == "Jane"


def test_only_blanks_are_filled_if_so_asked(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane", attributes={"city": "Bonn"})
    text = "Phone,First name,Company,City,Color\n2025550100,Janet,Acme,Rome,red\n"
    record = imported(sheet, text, existing=Existing.FILL)
    contact = Contact.objects.get()
    assert counts(record) == (0, 1, 0, 0, 0)
    assert (contact.first_name, contact.company) == ("Jane", "Acme")
    assert contact.attributes == {"city": "Bonn", "color": "red"}


def test_blanks_overwrite_only_if_asked(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane", company="Acme", attributes={"city": "Bonn"})
    text = "Phone,First name,City\n2025550100,,\n"
    assert counts(imported(sheet, text)) == (0, 0, 1, 0, 0)
    record = imported(sheet, text, blanks_overwrite=True)
    assert counts(record) == (0, 1, 0, 0, 0)
    assert record.import_rows.get().changes == {"first_name": ["Jane", ""], "attributes.city": ["Bonn", None]}
    contact = Contact.objects.get()
    assert (contact.first_name, contact.company, contact.attributes) == ("", "Acme", {})


def test_an_update_is_previewed_field_by_field(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane", last_name="Doe", attributes={"city": "Bonn"})
    record = staged(sheet, "Phone,First name,Last name,City\n2025550100,Janet,Doe,Rome\n")
    assert record.import_rows.get().changes == {"first_name": ["Jane", "Janet"], "attributes.city": ["Bonn", "Rome"]}


def test_attributes_have_the_kind_that_was_chosen(sheet: Path) -> None:
    text = "Phone,Visit,Age,Vip\n2025550100,3/31/2026,42,yes\n"
    mapping = {"Visit": "visit:date", "Age": "age:number", "Vip": "vip:yesno"}
    imported(sheet, text, answers={"settled": True, "mapping": mapping})
    assert Contact.objects.get().attributes == {"visit": "2026-03-31", "age": 42, "vip": True}
    kinds = dict(Attribute.objects.values_list("name", "kind"))
    assert kinds == {"visit": "date", "age": "number", "vip": "yesno"}


def test_an_attribute_keeps_its_kind_in_the_next_file(sheet: Path) -> None:
    Attribute.objects.create(name="visit", label="Visit", kind=Attribute.Kind.DATE)
    record = imported(sheet, "Phone,Visit\n2025550100,2026-03-31\n2025550101,soon\n")
    assert Contact.objects.get(phone="+12025550100").attributes == {"visit": "2026-03-31"}
    assert Contact.objects.get(phone="+12025550101").attributes == {}
    assert record.warned == 1
    assert "soon" in record.import_rows.get(number=3).warnings[0]


def test_a_consent_is_recorded_with_each_person(sheet: Path) -> None:
    day = datetime(2026, 3, 31, 12, tzinfo=UTC)
    rules = {"consent_source": "form", "consent_at": day, "consent_text": "I agree to texts"}
    imported(sheet, "Phone\n2025550100\n", **rules)
    contact = Contact.objects.get()
    assert (contact.consent_source, contact.consent_at, contact.consent_text) == ("form", day, "I agree to texts")


def test_a_consent_on_record_gives_way_only_to_a_later_one(sheet: Path) -> None:
    earlier, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    Contact.objects.create(phone="+12025550100", consent_source="message", consent_at=later, consent_text="Hi")
    assert counts(imported(sheet, "Phone\n2025550100\n", consent_source="form", consent_at=earlier)) == (0, 0, 1, 0, 0)
    assert counts(imported(sheet, "Phone\n2025550100\n", consent_source="form")) == (0, 0, 1, 0, 0)
    after = datetime(2026, 3, 1, tzinfo=UTC)
    assert counts(imported(sheet, "Phone\n2025550100\n", consent_source="form", consent_at=after)) == (0, 1, 0, 0, 0)
    contact = Contact.objects.get()
    assert (contact.consent_source, contact.consent_at) == ("form", after)


def test_people_go_on_the_lists_that_were_chosen_and_on_a_new_one(sheet: Path) -> None:
    patients, regulars = (ContactList.objects.create(name=name) for name in ("Patients", "Regulars"))
    record = staged(sheet, "Phone\n2025550100\n", lists=[patients, regulars], new_list="March")
    assert not ContactList.objects.filter(name="March").exists()
    imported(sheet, "Phone\n2025550100\n", lists=[patients, regulars], new_list="March")
    names = [one.name for one in Contact.objects.get().lists.order_by("name")]
    assert names == ["March", "Patients", "Regulars"]
    assert record.created == 1


def test_a_number_with_two_names_is_flagged(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550103", first_name="Max")
    text = (
        "Phone,First name\n2025550100,Jane\n2025550100,Tom\n2025550101,Ann\n2025550101,ann\n"
        "2025550102,Bob\n2025550103,Moritz\n"
    )
    record = staged(sheet, text)
    flagged = record.import_rows.filter(shared=True).values_list("number", flat=True)
    assert list(flagged) == [2, 3, 7]
    assert record.shared == 3


def test_a_contact_knows_the_row_that_it_came_from(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n2025550101\n")
    contact = Contact.objects.get(phone="+12025550101")
    assert (contact.created_by_import, contact.created_from_row) == (record, 3)
    again = imported(sheet, "Phone,First name\n2025550101,Jo\n")
    contact.refresh_from_db()
    assert [(one.import_id, one.sentence) for one in importing.provenance(contact)] == [
        (again.pk, "row 2 changed it"),
        (record.pk, "row 3 made it"),
    ]
