"""Merge tags: what staff may write, and what becomes of it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import composing
from campaigns.composing import HeldBack, TemplateProblem, check_names, compile_text, is_blank
from campaigns.composing.language import LONGEST

GROWTH = ' | replace: "", "xxxxxxxxxx"'


def test_it_fills_a_name_in() -> None:
    assert compile_text("Hi {{ first_name }}!").render({"first_name": "Jane"}) == "Hi Jane!"


@pytest.mark.parametrize(
    "source",
    [
        "Hi {{ first_name }}",
        "Hi {{ first_name | upcase }}",
        '{{ "Hi " | append: first_name }}',
        "{% assign name = first_name %}Hi {{ name }}",
        "{% capture name %}{{ first_name }}{% endcapture %}Hi {{ name }}",
        'at {{ first_name | date: "%B" }}.',
        '{{ first_name | split: " " | first }}',
        "{{ first_name | default: last_name }}",
    ],
)
def test_a_blank_value_without_fallback_holds_the_person_back(source: str) -> None:
    with pytest.raises(HeldBack, match=r"(first|last)_name"):
        compile_text(source).render({})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('Hi {{ first_name | default: "there" }}', "Hi there"),
        ('Hi {{ first_name | default: "there" | upcase }}', "Hi THERE"),
        ("Hi {{ first_name | default: company }}", "Hi Acme"),
        ("Hi {% if first_name %}{{ first_name }}{% else %}there{% endif %}", "Hi there"),
        ("Hi {% unless first_name %}there{% endunless %}", "Hi there"),
    ],
)
def test_a_fallback_takes_a_blank_values_place(source: str, text: str) -> None:
    assert compile_text(source).render({"company": "Acme"}) == text


def test_a_condition_may_ask_for_a_blank_value() -> None:
    assert compile_text("Hi{% if city %} from {{ city }}{% endif %}").render({}) == "Hi"


def test_a_moment_is_written_as_people_say_it() -> None:
    compiled = compile_text('{{ at | date: "%A, %B %-d at %-I %p" }}')
    assert compiled.render({"at": "2030-01-07T14:00:00-05:00"}) == "Monday, January 7 at 2 PM"


@pytest.mark.parametrize(
    ("source", "meant"),
    [("{{ frist_name }}", "first_name"), ("{{ First_Name }}", "first_name"), ("{% if emial %}x{% endif %}", "email")],
)
def test_a_typo_is_answered_with_the_nearest_field(source: str, meant: str) -> None:
    with pytest.raises(TemplateProblem, match=f"Did you mean “{meant}”"):
        check_names(compile_text(source), composing.PERSON_FIELDS)


def test_a_field_has_no_parts() -> None:
    with pytest.raises(TemplateProblem, match="“first_name” has no part “nick”"):
        check_names(compile_text("{{ first_name.nick }}"), composing.PERSON_FIELDS)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Hi {{ first_name", "begins with “{{ first_name” is not closed: write }} at its end"),
        ("Hi {{ first_name, see you {{ date }}", "“{{ first_name, see you {{ date” is not closed"),
        ("Hi {{ first_name %}", "is not closed: write }}"),
        ("{% if a }}x{% endif %}", "is not closed: write %}"),
        ("{{" * 2_500, "is not closed"),
        ("{%- " * 1_250, "is not closed"),
        ("{{ a" + " " * 4_900 + "}}", "a long gap"),
        ("{% nonsense %}", "there is no “nonsense”"),
        ("{{ a | nonsense }}", "there is no filter “nonsense”"),
        ("{{ a | upcaes }}", "Did you mean “upcase”"),
        ('{% include "x" %}', "there is no “include”"),
        ('{% render "x" %}', "there is no “render”"),
        ("{% for i in (1..3) %}x{% endfor %}", "there is no “for”"),
        ("{% if a == blank %}x{% endif %}", "{% if field %}"),
        ("x" * 5_001, "at most 5,000"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(source: str, words: str) -> None:
    with pytest.raises(TemplateProblem) as refused:
        compile_text(source)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..999) %}{% for j in (1..999) %}x{% endfor %}{% endfor %}",
        "{% tablerow i in (1..100000000) %}x{% endtablerow %}",
        "{{ (1..999999999) | join: 'x' }}",
        "{% assign a = (1..999999999) %}{{ a | last }}",
        "{% if (1..999999999999) contains 'x' %}y{% endif %}",
        "{{ first_name" + GROWTH * 50 + " }}",
        "{% assign a = first_name %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
        "{% capture a %}{{ first_name }}{% endcapture %}"
        + "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 20
        + "{{ a }}",
        "{{ first_name" + f' | split: "" | join: "{"x" * 500}"' * 8 + " }}",
        "{{ 999999" + " | times: 999999" * 200 + " }}",
        '{{ "1e999999999" | ceil }}',
        '{{ "9" | plus: "1e999999999" }}',
        "{{ 1 | divided_by: 0 }}",
        '{{ "now" | date: "%999999999d" }}',
        '{{ first_name | date: "' + "%c" * 2_000 + '" }}',
        "{% if first_name %}" * 200 + "{% endif %}" * 200,
        "{{ first_name" + "[first_name" * 400 + "]" * 400 + " }}",
        "{{ first_name | strip_html }}",
        "{{ first_name | base64_encode }}",
    ],
)
def test_it_cannot_run_or_grow_without_bound(source: str) -> None:
    """Each is refused when it is read, or where a value would pass its limit; none of them does the work first."""
    with pytest.raises(TemplateProblem):
        compile_text(source).render({"first_name": "J" * 100})


@given(
    st.lists(
        st.sampled_from(["replace: 'J', '{}'", "append: '{}'", "prepend: '{}'", "url_encode", "upcase"]), max_size=60
    )
)
def test_whatever_filters_follow_each_other_the_text_stays_short(filters: list[str]) -> None:
    source = " | ".join(["{{ first_name", *(one.replace("{}", "JJé") for one in filters)]) + " }}"
    with suppress(TemplateProblem):
        assert len(compile_text(source).render({"first_name": "J" * 50})) <= LONGEST


@pytest.mark.parametrize(
    "source",
    [
        "{{ first_name.__class__ }}",
        "{{ first_name.encode }}",
        "{{ first_name.__class__.__mro__ }}",
        "{{ first_name['__class__'] }}",
        "{{ settings.SECRET_KEY }}",
        "{{ environment }}",
        "{{ context.env }}",
        "{{ self }}",
        "{{ request.user }}",
        "{{ contact.list_set }}",
    ],
)
def test_it_cannot_reach_beyond_the_persons_values(source: str) -> None:
    with pytest.raises(HeldBack):
        compile_text(source).render({"first_name": "Jane"})
    with pytest.raises(TemplateProblem):
        check_names(compile_text(source), composing.PERSON_FIELDS)


@pytest.mark.parametrize(
    ("value", "blank"), [("", True), (" \t\u00a0", True), ("\u200b", True), ("\u3164", True), (None, True)]
)
def test_what_shows_nothing_is_blank(value: object, blank: bool) -> None:
    assert is_blank(value) is blank


@pytest.mark.parametrize("value", ["x", 0, False, "é", "李", "👩‍⚕️"])
def test_what_shows_something_is_not_blank(value: object) -> None:
    assert not is_blank(value)


VALUES = (
    st.none()
    | st.text(st.sampled_from('aZ é😀\n{}"&<'), max_size=30)
    | st.integers()
    | st.booleans()
    | st.floats(allow_nan=False)
)
PIECES = st.sampled_from(
    [
        "Hi ",
        ", ",
        "é–{}",
        "\n",
        "{{ a }}",
        "{{a}}",
        "{{- b -}}",
        "{{ c | default: 'there' }}",
        '{{ a | default: "" }}',
        "{{ b | default: c }}",
        "{{ a | upcase }}",
        "{{ a.b }}",
        "{{ now | default: 'x' }}",
        "{% if a %}x{% endif %}",
        "{% raw %}{{ a }}{% endraw %}",
    ]
)


@given(st.lists(PIECES, max_size=8).map("".join), st.dictionaries(st.sampled_from("abc"), VALUES))
def test_the_fast_way_writes_what_liquid_writes(source: str, values: dict[str, object]) -> None:
    compiled = compile_text(source)
    fast = compiled.fill(values) if compiled.fill is not None else None
    if fast is not None:
        assert fast == compiled.template.render(values)


def test_a_plain_message_takes_the_fast_way() -> None:
    assert compile_text('Hi {{ a | default: "there" }}, {{ b }}').fill is not None
    assert compile_text("{% if a %}x{% endif %}").fill is None
