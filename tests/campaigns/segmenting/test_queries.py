"""One question is one query, answered by an index where there is one."""

from typing import Any

import pytest
from django.db import connection

from campaigns.segmenting import Catalogue, compile_question, everybody_in, read
from contacts.models import Contact
from tests.campaigns.segmenting.oracle import CLOCK, NOW
from tests.campaigns.segmenting.worlds import World, rule
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db


def test_a_question_is_one_query(world: World, django_assert_num_queries: Any) -> None:
    everything = [
        rule("first_name", "contains", "a"),
        rule("attribute:due", "next_days", 30),
        rule("list", "not_on", str(world.lists[0].pk)),
        rule("opted_out", "no"),
        {"match": "any", "rules": [rule("texted", "never"), rule("campaign", "silent", str(world.campaigns[0].pk))]},
    ]
    question = read({"rules": everything}, Catalogue.load())
    with django_assert_num_queries(1):
        everybody_in(question, CLOCK).count()


def test_who_replied_is_found_by_the_index_of_replies(world: World) -> None:
    people = make_contacts(300)
    for index, contact in enumerate(people):
        world.send(contact, world.campaigns[0], "accepted", NOW, replied=index % 100 == 0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_send, contacts_contact")
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table this small is read whole
    question = read({"rules": [rule("campaign", "replied", str(world.campaigns[0].pk))]}, Catalogue.load())
    found = Contact.objects.filter(compile_question(question, CLOCK)).order_by()
    assert found.count() == 3
    assert "sends_with_a_reply" in found.explain()
