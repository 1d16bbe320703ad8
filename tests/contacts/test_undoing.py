"""An import taken back: what it made goes and what it changed goes back, unless somebody has built on it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from contacts import importing
from contacts.importing import CannotImport
from contacts.importing.undoing import Undone
from contacts.models import Contact, ContactImport, ContactList, Suppression
from contacts.suppressing import suppress
from tests import makers
from tests.contacts.imports import imported, staged

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def undone(record: ContactImport) -> Undone:
    foreseen = importing.preview_undo(record)
    importing.begin_undo(record)
    importing.undo(record)
    assert record.status == ContactImport.Status.UNDONE
    assert Undone(**record.undone) == foreseen
    return foreseen


def test_what_it_made_goes_and_what_it_changed_goes_back(sheet: Path) -> None:
    old = Contact.objects.create(phone="+12025550100", first_name="Jane", attributes={"city": "Bonn", "age": 3})
    patients = ContactList.objects.create(name="Patients")
    text = "Phone,First name,City,Color\n2025550100,Janet,Rome,red\n2025550101,Jo,Paris,\n"
    record = imported(sheet, text, lists=[patients])
    assert undone(record) == Undone(deleted=1, restored=1, off_lists=2)
    contact = Contact.objects.get()
    assert (contact, contact.first_name, contact.attributes) == (old, "Jane", {"city": "Bonn", "age": 3})
    assert not patients.members.exists()


def test_who_was_texted_since_stays(sheet: Path) -> None:
    record = imported(sheet, "Phone,First name\n2025550100,Jane\n2025550101,Jo\n2025550102,Al\n")
    texted, queued, _ = Contact.objects.order_by("phone")
    Contact.objects.filter(pk=texted.pk).update(last_texted_at=timezone.now())
    campaign = makers.make_campaign([queued])
    makers.make_send(kind="campaign", campaign=campaign, contact=queued, to=queued.phone, agent=campaign.agent)
    assert undone(record) == Undone(deleted=1, kept=2)
    assert list(Contact.objects.order_by("phone")) == [texted, queued]


def test_who_came_in_another_file_since_stays(sheet: Path) -> None:
    record = imported(sheet, "Phone,First name\n2025550100,Jane\n2025550101,Jo\n2025550102,Al\n")
    later = imported(sheet, "Phone,First name\n2025550100,Jane\n2025550101,Joanna\n")
    staged(sheet, "Phone,First name\n2025550102,Al\n")
    assert undone(record) == Undone(deleted=1, kept=2)
    assert list(Contact.objects.order_by("phone").values_list("first_name", flat=True)) == ["Jane", "Joanna"]
    assert undone(later) == Undone(restored=1)
    assert list(Contact.objects.order_by("phone").values_list("first_name", flat=True)) == ["Jane", "Jo"]


def test_a_field_that_changed_since_stays(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane", company="Old", attributes={"city": "Bonn"})
    record = imported(sheet, "Phone,First name,Company,City\n2025550100,Janet,New,Rome\n")
    Contact.objects.update(first_name="Jeanette", attributes={"city": "Oslo"})
    assert undone(record) == Undone(restored=1, left_as_changed=2)
    contact = Contact.objects.get()
    assert (contact.first_name, contact.company, contact.attributes) == ("Jeanette", "Old", {"city": "Oslo"})


def test_what_an_import_emptied_comes_back(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane", attributes={"city": "Bonn"})
    record = imported(sheet, "Phone,First name,City\n2025550100,,\n", blanks_overwrite=True)
    assert undone(record) == Undone(restored=1)
    contact = Contact.objects.get()
    assert (contact.first_name, contact.attributes) == ("Jane", {"city": "Bonn"})


def test_a_consent_goes_back_too(sheet: Path) -> None:
    Contact.objects.create(phone="+12025550100")
    moment = timezone.now()
    record = imported(sheet, "Phone\n2025550100\n", consent_source="form", consent_at=moment, consent_text="Yes")
    assert Contact.objects.get().consent_at == moment
    assert undone(record) == Undone(restored=1)
    contact = Contact.objects.get()
    assert (contact.consent_source, contact.consent_at, contact.consent_text) == ("", None, "")


def test_an_edited_contact_is_counted_before_it_goes(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n")
    contact = Contact.objects.get()
    contact.first_name = "Jane"
    contact.save()
    assert undone(record) == Undone(deleted=1, edited=1)


def test_an_opt_out_is_never_lifted(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n")
    suppress(["+12025550100"], source=Suppression.Source.REPLY, evidence="STOP")
    undone(record)
    assert Suppression.objects.standing().get().phone == "+12025550100"


def test_a_list_that_somebody_was_on_before_is_kept(sheet: Path) -> None:
    contact = Contact.objects.create(phone="+12025550100")
    patients = makers.make_list([contact])
    undone(imported(sheet, "Phone\n2025550100\n", lists=[patients]))
    assert list(patients.members.all()) == [contact]


def test_it_is_undone_once(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n")
    importing.begin_undo(record)
    with pytest.raises(CannotImport, match="being undone"):
        importing.begin_undo(ContactImport.objects.get(pk=record.pk))
    importing.undo(record)
    with pytest.raises(CannotImport, match="undone"):
        importing.begin_undo(record)


def test_not_after_thirty_days(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n")
    ContactImport.objects.update(finished_at=timezone.now() - timedelta(days=30, minutes=1))
    record.refresh_from_db()
    with pytest.raises(CannotImport, match="more than 30 days"):
        importing.begin_undo(record)


def test_a_preview_has_nothing_to_undo(sheet: Path) -> None:
    with pytest.raises(CannotImport, match="nothing to undo"):
        importing.begin_undo(staged(sheet, "Phone\n2025550100\n"))


def test_an_opt_out_list_is_not_undone(sheet: Path) -> None:
    record = imported(sheet, "Phone\n2025550100\n", purpose=ContactImport.Purpose.OPT_OUTS)
    with pytest.raises(CannotImport, match="Lift a single one"):
        importing.begin_undo(record)
    assert Suppression.objects.standing().exists()


def test_an_import_stopped_in_the_middle_is_put_back(sheet: Path) -> None:
    record = staged(sheet, "Phone\n2025550100\n2025550101\n")
    importing.confirm(record)
    importing.applying.apply_next(record)
    assert Contact.objects.count() == 2
    assert "put back" in importing.cancel(record)
    importing.apply(record)  # a worker that comes late finds nothing to do
    importing.undo(record)
    assert (record.status, Contact.objects.count()) == (ContactImport.Status.UNDONE, 0)
