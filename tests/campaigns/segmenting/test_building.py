"""The page that builds a question."""

from typing import Any

import pytest

from campaigns import segment_page
from campaigns.segmenting import Catalogue, read
from campaigns.segmenting.building import change, finished, from_post, rows
from campaigns.segmenting.trees import as_json
from tests.campaigns.segmenting.worlds import World, rule

pytestmark = pytest.mark.django_db


def test_what_the_page_posts_is_the_tree_again(world: World) -> None:
    tree = {
        "match": "all",
        "rules": [
            rule("attribute:city", "is", "Washington"),
            {"match": "any", "rules": [rule("texted", "last_days", 7), rule("email", "blank")]},
        ],
    }
    posted = {
        "match": "all",
        "0.field": "attribute:city",
        "0.op": "is",
        "0.value": "Washington",
        "1.match": "any",
        "1.0.field": "texted",
        "1.0.op": "last_days",
        "1.0.value": "7",
        "1.1.field": "email",
        "1.1.op": "blank",
        "1.1.value": "",
    }
    assert as_json(read(from_post(posted), Catalogue.load())) == tree


def test_the_buttons_add_and_take_out() -> None:
    tree: dict[str, Any] = {"match": "all", "rules": []}
    for action in ("add:", "group:", "add:1", "remove:0", "remove:0.1", "remove:7", "add:9", "nonsense", "remove:"):
        change(tree, action)
    assert tree == {"match": "all", "rules": [{"match": "any", "rules": [rule("", "", "")]}]}


def test_what_is_finished_is_counted_while_the_rest_is_built(world: World) -> None:
    built = rule("first_name", "is", "Jane")
    half = {"match": "any", "rules": [rule("attribute:city", "is", ""), built, rule("", "")]}
    tree = {"match": "all", "rules": [built, rule("list", "on", ""), half]}
    kept = {"match": "all", "rules": [built, {"match": "any", "rules": [built]}]}
    assert finished(tree, Catalogue.load()) == kept
    found = segment_page.answer_to(tree, Catalogue.load())
    assert (found.problem, found.people, found.is_known) == ("Choose for “A list”.", 0, True)
    assert found.sentence == "Everybody whose first name is “Jane” and whose first name is “Jane”."
    alone = segment_page.answer_to({"match": "all", "rules": [rule("", "")]}, Catalogue.load())
    assert not alone.is_known


def test_another_subject_offers_its_own_operators(world: World) -> None:
    shown = rows({"match": "all", "rules": [rule("attribute:due", "contains", "x")]}, Catalogue.load()).rows[0]
    assert shown.operator is not None
    assert shown.operator.key == "on"
    assert shown.takes == "date"
