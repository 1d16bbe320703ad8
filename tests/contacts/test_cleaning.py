"""One row: taken whole, or refused with the cell and the reason."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.cleaning import Clean, Cleaner, RowProblem, as_text, country, split_name
from contacts.columns import guess_mapping
from contacts.phones import E164


def clean(row: dict[str, Any], *surplus: Any, region: str = "US") -> Clean:
    names = list(row)
    return Cleaner(names, guess_mapping(names, [], region), region).clean([*row.values(), *surplus])


def problem_of(row: dict[str, Any], *surplus: Any) -> tuple[str, str, str]:
    with pytest.raises(RowProblem) as refusal:
        clean(row, *surplus)
    assert str(refusal.value) == refusal.value.reason
    return refusal.value.column, refusal.value.value, refusal.value.reason


def test_it_takes_a_row() -> None:
    row = {
        "Phone": 12025550101.0,
        "First name": " José ",
        "Last name": None,
        "E-mail": "jose@example.com",
        "Time zone": "america/new york",
        "Visits": 3.0,
        "VIP": True,
        "Since": datetime.date(2024, 1, 2),
    }
    taken = clean(row)
    assert taken.phone.e164 == "+12025550101"
    assert taken.fields == {"first_name": "José", "email": "jose@example.com", "time_zone": "America/New_York"}
    assert taken.attributes == {"visits": "3", "vip": "yes", "since": "2024-01-02"}
    assert taken.warnings == []


def test_the_first_valid_phone_counts_and_mobiles_come_first() -> None:
    row = {"Phone": "+12025550101", "Cell": "+12025550102"}
    assert clean(row).phone.e164 == "+12025550102"
    assert clean({**row, "Cell": "none"}).phone.e164 == "+12025550101"


def test_of_several_bad_phones_the_one_that_is_filled_is_told() -> None:
    assert problem_of({"Cell": "", "Phone": "1-800-FLOWERS"})[:2] == ("Phone", "1-800-FLOWERS")
    assert problem_of({"Cell": "12", "Phone": "x"})[:2] == ("Cell", "12")
    assert problem_of({"Cell": None, "Phone": " "}) == ("Cell", "", "There is no number.")
    assert problem_of({"First name": "Ann"})[2] == "No column of this file holds phone numbers."


def test_a_rounded_number_is_shown_as_the_sheet_has_it() -> None:
    column, value, reason = problem_of({"Phone": 12025550000.0})
    assert (column, value) == ("Phone", "12025550000")
    assert "rounded" in reason


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Jane Doe", {"first_name": "Jane", "last_name": "Doe"}),
        ("Doe, Jane", {"first_name": "Jane", "last_name": "Doe"}),
        ("Jane van der Doe", {"first_name": "Jane", "last_name": "van der Doe"}),
        ("Jane", {"first_name": "Jane"}),
        (", ", {}),
    ],
)
def test_a_full_name_is_split_once(name: str, parts: dict[str, str]) -> None:
    assert split_name(name) == parts
    assert clean({"Phone": "+12025550101", "Name": name}).fields == parts


def test_names_are_composed_so_that_equal_ones_are_equal() -> None:
    assert clean({"Phone": "+12025550101", "First name": "Jose\u0301"}).fields == {"first_name": "José"}


@pytest.mark.parametrize("good", ["a@example.com", "a.b+c@mail.example.co.uk", "josé@example.org", "a@exa-mple.com"])
def test_an_email_address_is_taken(good: str) -> None:
    assert clean({"Phone": "+12025550101", "E-mail": good}).fields == {"email": good}


@pytest.mark.parametrize(
    "bad", ["none", "a@b", "a@", "@example.com", "a b@example.com", "a@example.com, b@example.com"]
)
def test_a_bad_email_address_costs_only_itself_and_is_told(bad: str) -> None:
    taken = clean({"Phone": "+12025550101", "E-mail": bad})
    assert "email" not in taken.fields
    [warning] = taken.warnings
    assert warning.startswith("E-mail: “")
    assert bad in warning


def test_a_bad_time_zone_costs_only_itself_and_is_told() -> None:
    taken = clean({"Phone": "+12025550101", "Time zone": "Eastern"})
    assert taken.fields == {}
    assert "is no time zone" in taken.warnings[0]


@pytest.mark.parametrize(
    ("header", "limit"), [("First name", 100), ("Name", 100), ("Company", 200), ("E-mail", 254), ("Notes", 1_000)]
)
def test_a_text_that_is_too_long_is_refused_and_never_cut(header: str, limit: int) -> None:
    assert problem_of({"Phone": "+12025550101", header: "x" * (limit + 1)}) == (
        header,
        "x" * min(200, limit + 1),
        f"Too long: {limit + 1:,} characters, at most {limit:,} can be kept.",
    )
    if header != "E-mail":
        taken = clean({"Phone": "+12025550101", header: "x" * limit})
        assert [*taken.fields.values(), *taken.attributes.values()] == ["x" * limit]


def test_more_cells_than_columns_are_refused_since_the_row_may_be_shifted() -> None:
    column, value, reason = problem_of({"Phone": "+12025550101", "Name": "Doe"}, "", "Jane")
    assert (column, value) == ("", "Jane")
    assert "more cells than the 2 columns" in reason
    assert clean({"Phone": "+12025550101"}, "", None, " ").phone.e164 == "+12025550101"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("GB", "GB"),
        ("uk", "GB"),
        ("Deutschland", "DE"),
        ("U.S.A.", "US"),
        ("España", "ES"),
        ("+44", "GB"),
        ("0049", "DE"),
        ("1", "US"),
        ("Freedonia", ""),
        ("ZZ", ""),
        ("999", ""),
    ],
)
def test_a_country_is_known_by_code_name_and_calling_code(written: str, code: str) -> None:
    assert country(written) == code


def test_the_country_of_the_row_reads_its_number() -> None:
    assert clean({"Phone": "020 7946 0123", "Country": "UK"}).phone.e164 == "+442079460123"
    assert clean({"Phone": "020 7946 0123", "Country": 44.0}).phone.e164 == "+442079460123"


def test_an_unknown_country_is_refused_only_where_the_number_needs_one() -> None:
    assert clean({"Phone": "+12025550101", "Country": "Freedonia"}).phone.e164 == "+12025550101"
    column, value, reason = problem_of({"Phone": "2025550101", "Country": "Freedonia"})
    assert (column, value) == ("Country", "Freedonia")
    assert "no country that we know" in reason


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (" a\x00b ", "ab"),
        (3.0, "3"),
        (3.5, "3.5"),
        (False, "no"),
        (datetime.datetime(2024, 1, 2, 3, 4), "2024-01-02 03:04:00"),
        ("'=1+1", "=1+1"),
        ("'til", "'til"),
    ],
)
def test_cells_become_what_people_read(cell: Any, text: str) -> None:
    assert as_text(cell) == text


CELL = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.datetimes())


@given(st.lists(CELL, max_size=10))
def test_every_row_is_taken_or_refused_with_a_reason(cells: list[Any]) -> None:
    names = ["Phone", "Cell", "Name", "E-mail", "Time zone", "Country", "Notes"]
    result = taken_or_refused(Cleaner(names, guess_mapping(names, [], "US"), "US"), cells)
    if isinstance(result, RowProblem):
        assert result.reason.endswith(".")
        assert len(result.value) <= 200
    else:
        assert E164.fullmatch(result.phone.e164)
        assert all(result.fields.values())
        assert not any("\x00" in text for text in [*result.fields.values(), *result.attributes.values()])


def taken_or_refused(cleaner: Cleaner, cells: list[Any]) -> Clean | RowProblem:
    try:
        return cleaner.clean(cells)
    except RowProblem as problem:
        return problem
