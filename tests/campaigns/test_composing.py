"""Merge tags: what staff may write, and what becomes of it."""

import pytest

from campaigns import composing
from campaigns.composing import HeldBack, TemplateProblem, check_names, compile_text


def test_it_fills_a_name_in() -> None:
    assert compile_text("Hi {{ first_name }}!").render({"first_name": "Jane"}) == "Hi Jane!"


def test_a_blank_value_without_fallback_holds_the_person_back() -> None:
    with pytest.raises(HeldBack, match="first_name"):
        compile_text("Hi {{ first_name }}").render({})


def test_a_fallback_takes_a_blank_values_place() -> None:
    assert compile_text('Hi {{ first_name | default: "there" }}').render({}) == "Hi there"


def test_a_condition_may_ask_for_a_blank_value() -> None:
    assert compile_text("Hi{% if city %} from {{ city }}{% endif %}").render({}) == "Hi"


def test_a_typo_is_answered_with_the_nearest_field() -> None:
    with pytest.raises(TemplateProblem, match="Did you mean “first_name”"):
        check_names(compile_text("{{ frist_name }}"), composing.PERSON_FIELDS)


@pytest.mark.parametrize(
    "source",
    ["Hi {{ first_name", "{% nonsense %}", "{{ a | nonsense }}", '{% include "x" %}', '{% render "x" %}'],
)
def test_what_cannot_be_read_is_refused_in_words(source: str) -> None:
    with pytest.raises(TemplateProblem):
        compile_text(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        '{% assign a = "xxxxxxxxxx" %}{% for i in (1..900) %}{% assign a = a | append: a %}{% endfor %}{{ a }}',
        "{% for i in (1..999) %}{{ first_name }}{{ first_name }}{% endfor %}",
    ],
)
def test_it_cannot_run_or_grow_without_bound(source: str) -> None:
    with pytest.raises(TemplateProblem):
        compile_text(source).render({"first_name": "J" * 100})


@pytest.mark.parametrize(
    "source", ["{{ first_name.__class__ }}", "{{ settings.SECRET_KEY }}", "{{ first_name.encode }}"]
)
def test_it_cannot_reach_beyond_the_persons_values(source: str) -> None:
    with pytest.raises(HeldBack):
        compile_text(source).render({"first_name": "Jane"})
