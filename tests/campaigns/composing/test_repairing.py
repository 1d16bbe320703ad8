"""Cheaper characters, and merge tags that keep their meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.composing import TemplateProblem, compile_text
from campaigns.composing.repairing import ALIKE, repaired
from campaigns.sms_parts import GSM7_BASIC, count_segments


def test_every_replacement_is_in_the_alphabet() -> None:
    assert set("".join(ALIKE.values())) <= GSM7_BASIC
    assert not set(ALIKE) & GSM7_BASIC


@pytest.mark.parametrize(
    ("source", "better"),
    [
        ("It’s “fine” – really…", 'It\'s "fine" - really...'),
        ("9\u00a0am\u202ftoday\u200b", "9 am today"),
        ("Jose\u0301", "José"),
        ("Hi {{ first_name | default: “there” }}", 'Hi {{ first_name | default: "there" }}'),
        ("Hi {{\u00a0first_name\u00a0}}", "Hi {{ first_name }}"),
        ("{{ a | default: 'it’s on' }}", '{{ a | default: "it\'s on" }}'),
        # What is looked for or compared stays as it is.
        ("{{ a | replace: '’', '-' }}", "{{ a | replace: '’', '-' }}"),
        ('{% if a == "Saint‑Denis" %}x{% endif %}', '{% if a == "Saint‑Denis" %}x{% endif %}'),
        ("{% if a == “x” %}’{% endif %}", '{% if a == "x" %}\'{% endif %}'),
    ],
)
def test_it_mends_what_costs_and_nothing_else(source: str, better: str) -> None:
    assert repaired(source) == better


def test_what_nobody_could_use_is_not_worked_on() -> None:
    source = "{{“" * 500_000
    assert repaired(source) == source


def test_three_points_do_not_make_a_text_dearer() -> None:
    source = "😀" + "…" * 30
    assert repaired(source) == source


PIECES = st.sampled_from(
    [*ALIKE, "Hi ", "á", "{{ a }}", "{{ a | default: 'x’' }}", '{{ a | default: "‘…" }}', "{% if a %}", "{% endif %}"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_message_that_can_be_read_still_can_and_says_the_same(source: str) -> None:
    better = repaired(source)
    assert repaired(better) == better
    assert count_segments(better).parts <= max(count_segments(source).parts, 1)
    try:
        compiled = compile_text(source)
    except TemplateProblem:
        return
    for values in ({"a": "Jane"}, {"a": None}):
        before = compiled.template.render(values) if values["a"] or "default" in source else ""
        after = compile_text(better).template.render(values) if before else ""
        plain = {ord(old): new for old, new in ALIKE.items()}
        assert after.translate(plain) == before.translate(plain)
