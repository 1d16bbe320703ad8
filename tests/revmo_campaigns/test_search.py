"""The search of the rail: people, campaigns and threads, for those who may see them."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from contacts.models import Contact
from tests import makers

pytestmark = pytest.mark.django_db
ALL = ("view_contact", "view_campaign", "view_send", "view_conversation")


def found(words: str, *codenames: str) -> str:
    """The palette's answer, for somebody who holds just these permissions."""
    user = User.objects.create(username=f"reader {User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client.get("/search/", {"s": words, "extended": "1"}).content.decode()


@pytest.fixture
def jane() -> Contact:
    return Contact.objects.create(phone="+12025550123", first_name="Jane", last_name="Doe")


@pytest.mark.parametrize("words", ["jan", "Doe", "jane doe", "0123", "(202) 555-0123", "+12025550123"])
def test_a_person_is_found_by_name_number_or_last_digits(jane: Contact, words: str) -> None:
    page = found(words, *ALL)
    assert f"/contacts/contact/{jane.pk}/change/" in page
    assert "Jane Doe" in page
    assert "+1 202-555-0123" in page


def test_a_campaign_is_found_by_a_part_of_its_name() -> None:
    campaign = makers.make_campaign(name="Spring check-up")
    assert f"/campaigns/campaign/{campaign.pk}/change/" in found("check", *ALL)


def test_a_thread_is_found_by_its_name_as_it_is_written(jane: Contact) -> None:
    send = makers.make_send(contact=jane, to=jane.phone, thread_id="Th_Abc-1")
    assert f"/campaigns/send/{send.pk}/change/" in found("Th_Abc-1", *ALL)
    assert f"/campaigns/send/{send.pk}/change/" not in found("Th_Abc", *ALL)


def test_nobody_finds_what_they_may_not_see(jane: Contact) -> None:
    makers.make_campaign(name="Jane")
    makers.make_send(to=jane.phone, thread_id="jane")
    page = found("jane")
    assert "/change/" not in page


def test_one_letter_finds_nobody(jane: Contact) -> None:
    assert "Jane" not in found("j", *ALL)
