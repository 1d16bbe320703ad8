"""Segments: the database answers every question as plain Python does."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from campaigns.segmenting import Catalogue, compile_question, read
from contacts.models import Contact
from tests.campaigns.segmenting.oracle import CLOCK, Person, every_condition, expected, people, trees
from tests.campaigns.segmenting.worlds import World

pytestmark = pytest.mark.django_db


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever the block writes is gone after it, so that one example does not see another's people."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


ONE_WORLD = [HealthCheck.function_scoped_fixture]


def compare(world: World, found: dict[int, Person], tree: dict[str, Any]) -> None:
    question = compile_question(read(world.translated(tree), Catalogue.load()), CLOCK)
    wanted = {key for key, person in found.items() if expected(tree, person)}
    assert set(Contact.objects.filter(question).values_list("pk", flat=True)) == wanted, tree
    # What a campaign leaves out is the question turned round.
    assert set(Contact.objects.filter(~question).values_list("pk", flat=True)) == set(found) - wanted, tree


@settings(max_examples=40, deadline=None, suppress_health_check=ONE_WORLD)
@given(everybody=people(), asked=every_condition())
def test_the_database_answers_each_condition_as_plain_python_does(
    world: World, everybody: list[Person], asked: tuple[dict[str, Any], ...]
) -> None:
    with undone():
        found = world.populate(everybody)
        for one in asked:
            compare(world, found, {"match": "all", "rules": [one]})


@settings(max_examples=60, deadline=None, suppress_health_check=ONE_WORLD)
@given(everybody=people(), tree=trees())
def test_the_database_answers_a_whole_question_as_plain_python_does(
    world: World, everybody: list[Person], tree: dict[str, Any]
) -> None:
    with undone():
        compare(world, world.populate(everybody), tree)
