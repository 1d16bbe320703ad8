"""A list or a person that a draft counts on stays: without them, whom the draft leaves out could be texted."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import launching, rehearsal
from campaigns.models import Campaign
from contacts import importing
from contacts.models import Contact, ContactList
from tests.campaigns.test_admin_pages import signed_in
from tests.contacts.imports import imported
from tests.makers import make_campaign, make_contacts, make_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return signed_in(superuser=True)


def delete(client: Client, doomed: ContactList | Contact) -> str:
    address = reverse(f"admin:contacts_{doomed._meta.model_name}_delete", args=[doomed.pk])
    return client.post(address, {"post": "yes"}, follow=True).content.decode()


def delete_chosen(client: Client, doomed: ContactList | Contact) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [doomed.pk], "post": "yes"}
    client.post(reverse(f"admin:contacts_{doomed._meta.model_name}_changelist"), chosen)


def test_a_list_that_a_draft_leaves_out_is_not_deleted(client: Client) -> None:
    people = make_contacts(2)
    draft = make_campaign(people, name="Spring")
    kept_out = make_list(people[:1], "Staff")
    draft.excluded_lists.add(kept_out)
    assert "Draft “Spring”" in delete(client, kept_out)
    assert draft.excluded_lists.get() == kept_out
    delete_chosen(client, kept_out)
    assert draft.excluded_lists.get() == kept_out


def test_a_list_that_no_draft_needs_any_more_is_deleted(client: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    used = campaign.lists.get()
    launching.launch(campaign, rehearsal.rehearse(campaign))
    delete(client, used)
    assert not ContactList.objects.filter(pk=used.pk).exists()


@pytest.mark.parametrize("named", ["people", "excluded_people"])
def test_a_person_whom_a_draft_names_is_not_deleted(client: Client, named: str) -> None:
    person, _ = make_contacts(2)
    draft = make_campaign(name="Spring")
    getattr(draft, named).add(person)
    assert "Draft “Spring”: take Person 0 out of it first." in delete(client, person)
    delete_chosen(client, person)
    assert getattr(draft, named).get() == person
    Campaign.objects.update(status=Campaign.Status.CANCELED)
    delete(client, person)
    assert not Contact.objects.filter(pk=person.pk).exists()


def test_undoing_an_import_keeps_whom_a_draft_leaves_out_by_name(tmp_path: Path) -> None:
    record = imported(tmp_path / "people.csv", "Phone,First name\n2025550100,Jane\n2025550101,Jo\n")
    left_out = Contact.objects.get(first_name="Jane")
    make_campaign().excluded_people.add(left_out)
    foreseen = importing.preview_undo(record)
    importing.begin_undo(record)
    importing.undo(record)
    assert (foreseen.deleted, foreseen.kept) == (1, 1)
    assert Contact.objects.get() == left_out
