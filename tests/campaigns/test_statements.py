"""What the engine's statements are given arrives as it was."""

from datetime import UTC, datetime

import pytest
from django.db import DataError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.sending.statements import run

pytestmark = pytest.mark.django_db
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
SPELLED = st.sampled_from(['"', "\\", "{", "}", ",", "NULL", "", " ", '\\"', "\n", "é", "’", "🙂"])
ONE_DATABASE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_DATABASE
@given(st.lists(TEXT | SPELLED, max_size=6))
def test_strings(values: list[str]) -> None:
    assert run("SELECT %(values)s::text[]", {"values": values}) == [(values,)]


@ONE_DATABASE
@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=6))
def test_whole_numbers_and_what_is_missing(values: list[int | None]) -> None:
    assert run("SELECT %s::bigint[]", [values]) == [(values,)]


@ONE_DATABASE
@given(st.lists(st.none() | st.floats(allow_nan=False), max_size=6))
def test_fractions(values: list[float | None]) -> None:
    assert run("SELECT %s::float8[]", [values]) == [(values,)]


def test_lists_of_anything_else() -> None:
    assert run("SELECT %s::bool[]", [[True, None]]) == [([True, None],)]
    assert run("SELECT %s::text[]", [["a", None]]) == [(["a", None],)]
    then = datetime(2026, 11, 25, tzinfo=UTC)
    assert run("SELECT %s::timestamptz[]", [[then]]) == [([then],)]


def test_a_character_that_no_text_of_the_database_can_hold_is_refused() -> None:
    with pytest.raises(DataError):
        run("SELECT %s::text[]", [["a\0b"]])
