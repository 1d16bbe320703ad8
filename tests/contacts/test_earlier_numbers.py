"""Whose number was changed is still found by the one of earlier, and so is what was sent to it."""

import pytest
from django.db import connection
from django.urls import reverse

from contacts.admin.contacts import search_contacts
from contacts.models import Contact, EarlierNumber
from contacts.phones import pretty
from tests.campaigns.test_admin_pages import signed_in
from tests.makers import launched, make_contacts, make_send, number

pytestmark = pytest.mark.django_db


def found(words: str) -> list[str]:
    return [person.phone for person in search_contacts(Contact.objects.order_by("pk"), words)]


def page_of(person: Contact) -> str:
    address = reverse("admin:contacts_contact_change", args=[person.pk])
    return signed_in(superuser=True).get(address).content.decode()


def history(words: str) -> list[str]:
    page = signed_in(superuser=True).get(reverse("admin:campaigns_send_changelist"), {"q": words})
    return sorted(send.to for send in page.context["cl"].result_list)


@pytest.fixture
def moved() -> Contact:
    """One of two people who were texted, with another number since."""
    launched(2)
    contact = Contact.objects.get(phone=number(0))
    Contact.objects.filter(pk=contact.pk).update(phone=number(205))
    contact.refresh_from_db()
    return contact


@pytest.mark.parametrize("words", [number(0), number(0)[-4:], "+1 (202) 555-0100", number(205), number(205)[-6:]])
def test_a_person_is_found_by_any_of_their_numbers(moved: Contact, words: str) -> None:
    assert found(words) == [moved.phone]


def test_the_history_finds_a_text_by_the_number_that_it_went_to(moved: Contact) -> None:
    make_send(to=number(303), campaign=None, contact=moved)
    assert history(number(0)[-4:]) == [number(0)]
    assert history(number(303)[-6:]) == []  # never a number of theirs
    assert history(number(205)[-6:]) == []  # theirs, but nothing went there
    assert history(number(303)) == [number(303)]


def test_the_history_finds_a_test_to_nobody_by_last_digits() -> None:
    make_send(to=number(7))
    assert history(number(7)[-4:]) == [number(7)]


def test_only_another_number_counts_as_a_change() -> None:
    (contact,) = make_contacts(1)
    Contact.objects.filter(pk=contact.pk).update(phone=contact.phone, first_name="Jane")
    assert not EarlierNumber.objects.exists()


def test_who_gets_a_number_back_has_it(moved: Contact) -> None:
    for phone in (number(0), number(205), number(0)):
        Contact.objects.filter(pk=moved.pk).update(phone=phone)
        other = number(205) if phone == number(0) else number(0)
        assert list(moved.earlier_numbers.values_list("phone", flat=True)) == [other]


def test_the_page_of_the_person_names_them(moved: Contact) -> None:
    assert "(until " in page_of(moved)
    assert pretty(number(0)) in page_of(moved)
    moved.earlier_numbers.update(until=None)
    assert "(until " not in page_of(moved)
    assert pretty(number(0)) in page_of(moved)
    assert "arlier numbers" not in page_of(Contact.objects.get(phone=number(1)))


def test_a_person_who_goes_takes_them_along() -> None:
    (contact,) = make_contacts(1)
    Contact.objects.filter(pk=contact.pk).update(phone=number(9))
    contact.delete()
    assert not EarlierNumber.objects.exists()


@pytest.mark.parametrize(
    ("index", "words"), [("earlier_number_by_last_digits", "0199"), ("earlier_number_by_beginning", number(0))]
)
def test_they_are_read_off_their_indexes(index: str, words: str) -> None:
    people = make_contacts(2)
    EarlierNumber.objects.bulk_create(EarlierNumber(contact=people[0], phone=number(20 + at)) for at in range(300))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE; SET LOCAL enable_seqscan = off")
    assert index in search_contacts(Contact.objects.order_by(), words).explain()
