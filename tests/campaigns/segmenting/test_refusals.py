"""What cannot be asked, and how what was typed is read."""

from typing import Any

import pytest

from campaigns.models import Segment
from campaigns.segmenting import Catalogue, QuestionProblem, question_of, read
from campaigns.segmenting.trees import as_json
from tests.campaigns.segmenting.worlds import World, ask, rule

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (rule("attribute:gone", "is", "x"), "a column that is gone"),
        (rule("first_name", "explodes", "x"), "Say how “First name” is meant"),
        (rule("first_name", "is", "  "), "compared with"),
        (rule("attribute:visits", "is", "many"), "a number"),
        (rule("", ""), "Choose what the new condition is about"),
        (rule("texted", "last_days", "000000001" + "9" * 9), "how many days"),
        (rule("consent_source", "is", ""), "Choose for “Consent source”"),
        (rule("attribute:due", "on", "yesterday"), "Choose a date"),
        (rule("texted", "last_days", "0"), "how many days"),
        (rule("texted", "last_days", "9" * 400), "how many days"),
        (rule("list", "on", "999999"), "is gone"),
        (rule("list", "on", ""), "Choose for “A list”"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(world: World, broken: dict[str, Any], words: str) -> None:
    with pytest.raises(QuestionProblem, match=words):
        ask(broken)


@pytest.mark.parametrize(("typed", "value"), [("1,200", 1200), ("1,5", 1.5), ("-3", -3), ("2.50", 2.5)])
def test_a_number_is_read_as_the_cells_were(world: World, typed: str, value: float) -> None:
    question = read({"rules": [rule("attribute:visits", "is", typed)]}, Catalogue.load())
    assert as_json(question)["rules"][0]["value"] == value


def test_a_tree_from_elsewhere_is_refused(world: World) -> None:
    deep: dict[str, Any] = rule("email", "filled")
    for _ in range(9):
        deep = {"match": "all", "rules": [deep]}
    many = {"match": "any", "rules": [rule("email", "filled")] * 51}
    for tree in (deep, many, {"rules": "x"}, {"rules": ["x"]}):
        with pytest.raises(QuestionProblem):
            read(tree, Catalogue.load())


def test_a_saved_segment_names_itself_when_its_list_is_gone(world: World) -> None:
    segment = Segment.objects.create(name="Locals", question={"rules": [rule("list", "on", str(world.lists[0].pk))]})
    world.lists[0].delete()
    with pytest.raises(QuestionProblem, match="Segment “Locals”: A list that this question asks for is gone"):
        question_of(segment, Catalogue.load())
