"""Whom somebody chose, as the query of an address."""

import pytest

from campaigns.choices import Choice
from campaigns.models import Segment
from tests.makers import make_campaign, make_contacts, make_list

pytestmark = pytest.mark.django_db


def test_a_choice_comes_back_from_an_address_as_it_went_in() -> None:
    people = make_contacts(4)
    segments = [Segment.objects.create(name=name, question={"rules": []}) for name in "AB"]
    choice = Choice(
        lists=[make_list(people[:2]), make_list([])],
        segments=segments[:1],
        people=people[:1],
        excluded_lists=[make_list(people[3:])],
        excluded_segments=segments[1:],
        excluded_people=people[2:3],
        excluded_recipients=[make_campaign()],
        excluded_silent=[make_campaign()],
        rest_hours=48,
        skip_open_conversations=True,
    )
    assert Choice.from_query(choice.as_query()).as_query() == choice.as_query()
    assert len(choice.as_query()) == 10
    assert Choice().as_query() == {}


def test_what_is_gone_or_is_no_key_is_left_out() -> None:
    kept = make_list([])
    query = {"lists": f"{kept.pk}.999999.x.-1.{'9' * 40}", "rest_hours": "soon", "skip_open_conversations": "yes"}
    found = Choice.from_query(query)
    assert (list(found.lists), found.rest_hours, found.skip_open_conversations) == ([kept], None, False)
