"""A look at some of an audience: the first, one by chance, a certain one; in windows that grow."""

from typing import Any

import pytest

from campaigns import glimpsing
from campaigns.audience import chosen, clock_of
from campaigns.choices import Choice
from campaigns.glimpsing import Glimpse
from campaigns.models import Account, Segment
from contacts.models import Contact
from tests.makers import make_contacts, make_list

pytestmark = pytest.mark.django_db

CLOCK = clock_of(Account())


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> list[Contact]:
    for name, value in {"SPARE": 1, "LEAST": 3, "MOST": 5}.items():
        monkeypatch.setattr(glimpsing, name, value)
    return make_contacts(30)


def every_way(people: list[Contact]) -> dict[str, Any]:
    """Whom each part of a choice brings in or leaves out."""
    odd = {"match": "any", "rules": [{"field": "first_name", "op": "contains", "value": "1"}]}
    last = {"field": "list", "op": "on", "value": str(make_list(people[25:]).pk)}
    either = {"match": "any", "rules": [*odd["rules"], last]}
    return {
        "lists": [make_list(people[4:20]), make_list(people[10:28])],
        "segments": [Segment.objects.create(name="Ones", question=odd)],
        "people": [people[29]],
        "excluded_lists": [make_list(people[6:9])],
        "excluded_segments": [Segment.objects.create(name="Either", question=either)],
        "excluded_people": [people[4]],
    }


def test_the_first_are_those_of_the_audience_whatever_it_is_made_of(people: list[Contact]) -> None:
    parts = every_way(people)
    for left_out in ("", *parts):
        choice = Choice(**{name: value for name, value in parts.items() if name != left_out})
        everybody = list(chosen(choice, CLOCK).order_by("pk"))
        glimpse = Glimpse(choice, CLOCK)
        assert list(glimpse.some) == everybody[:5], left_out
        assert glimpse.is_cut == (len(everybody) >= 5)
        assert [person for person in people if glimpse.find(person.pk)] == everybody
        assert glimpse.anybody() in everybody or not everybody


def test_whoever_stands_alone_at_the_end_is_found(people: list[Contact]) -> None:
    glimpse = Glimpse(Choice(lists=[make_list(people[-1:])]), CLOCK)
    assert list(glimpse.some) == people[-1:]
    assert {glimpse.anybody() for _ in range(20)} == set(people[-1:])
    assert not glimpse.is_cut


def test_nobody_is_chosen_or_can_be_asked_for() -> None:
    broken = Segment.objects.create(name="Gone", question={"rules": [{"field": "attribute:x", "op": "is", "value": 1}]})
    for choice in (Choice(), Choice(segments=[broken]), Choice(lists=[make_list([])])):
        glimpse = Glimpse(choice, CLOCK)
        assert (list(glimpse.some), glimpse.anybody(), glimpse.find(1)) == ([], None, None)
