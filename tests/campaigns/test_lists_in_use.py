"""A list that a draft counts on stays: without it, people whom the draft leaves out would be texted."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import launching, rehearsal
from contacts.models import ContactList
from tests.campaigns.test_admin_pages import signed_in
from tests.makers import make_campaign, make_contacts, make_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return signed_in(superuser=True)


def delete(client: Client, doomed: ContactList) -> str:
    address = reverse("admin:contacts_contactlist_delete", args=[doomed.pk])
    return client.post(address, {"post": "yes"}, follow=True).content.decode()


def test_a_list_that_a_draft_leaves_out_is_not_deleted(client: Client) -> None:
    people = make_contacts(2)
    draft = make_campaign(people, name="Spring")
    kept_out = make_list(people[:1], "Staff")
    draft.excluded_lists.add(kept_out)
    assert "Draft “Spring”" in delete(client, kept_out)
    assert draft.excluded_lists.get() == kept_out
    chosen = {"action": "delete_selected", "_selected_action": [kept_out.pk], "post": "yes"}
    client.post(reverse("admin:contacts_contactlist_changelist"), chosen)
    assert draft.excluded_lists.get() == kept_out


def test_a_list_that_no_draft_needs_any_more_is_deleted(client: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    used = campaign.lists.get()
    launching.launch(campaign, rehearsal.rehearse(campaign))
    delete(client, used)
    assert not ContactList.objects.filter(pk=used.pk).exists()
