"""One row: taken whole, or refused with the cell and the reason."""

import datetime
import json
from typing import Any

import pytest
import time_machine
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


def test_the_values_of_an_attribute_have_their_kind() -> None:
    mapping = {"Phone": "phone", "Visit": "visit:date", "Size": "size:number", "VIP": "vip:yesno", "ZIP": "zip:text"}
    cleaner = Cleaner(list(mapping), mapping, "US")
    taken = cleaner.clean(["+12025550101", "3/4/2025", "1,234.5", "x", "02134"])
    assert taken.attributes == {"visit": "2025-03-04", "size": 1234.5, "vip": True, "zip": "02134"}
    assert taken.warnings == []


def test_a_value_of_another_kind_costs_only_itself_and_is_told() -> None:
    mapping = {"Phone": "phone", "Visit": "visit:date", "Size": "size:number", "VIP": "vip:yesno", "City": "city"}
    cleaner = Cleaner(list(mapping), mapping, "US")
    taken = cleaner.clean(["+12025550101", "soon", "big", "perhaps", "Boston"])
    assert taken.attributes == {"city": "Boston"}
    assert taken.warnings == [
        "Visit: “soon” is no date. Write it as 2025-12-31. It was left out.",
        "Size: “big” is no number. It was left out.",
        "VIP: “perhaps” is neither yes nor no. It was left out.",
    ]


NAMES = ["Phone", "First name", "Name", "E-mail", "Time zone", "Consent source", "Consent date", "City", "Size"]
TARGETS = [
    "phone", "first_name", "name", "email", "time_zone", "consent_source", "consent_at", "city", "size:number",
]  # fmt: skip


def test_a_blank_cell_leaves_no_trace_unless_it_is_to_overwrite() -> None:
    mapping = dict(zip(NAMES, TARGETS, strict=True))
    row = ["+12025550101", *[" "] * 8]
    assert Cleaner(NAMES, mapping, "US").clean(row) == Clean(clean({"Phone": row[0]}).phone, {}, {}, [])
    taken = Cleaner(NAMES, mapping, "US", keep_blanks=True).clean(row)
    assert taken.fields == dict.fromkeys(["first_name", "last_name", "email", "time_zone"], "")
    assert taken.attributes == {"city": None, "size": None}
    short = Cleaner(NAMES, mapping, "US", keep_blanks=True).clean(row[:1])
    assert (short.fields, short.attributes) == (taken.fields, taken.attributes)


def test_what_is_bad_does_not_count_as_blank() -> None:
    mapping = {"Phone": "phone", "E-mail": "email", "Size": "size:number"}
    taken = Cleaner(list(mapping), mapping, "US", keep_blanks=True).clean(["+12025550101", "none", "big"])
    assert (taken.fields, taken.attributes, len(taken.warnings)) == ({}, {}, 2)


def test_of_two_columns_for_one_field_a_blank_never_empties_what_the_other_says() -> None:
    mapping = {"Phone": "phone", "A": "email", "B": "email", "C": "city", "D": "city"}
    cleaner = Cleaner(list(mapping), mapping, "US", keep_blanks=True)
    for row in (["a@example.com", "", "Boston", ""], ["", "a@example.com", "", "Boston"]):
        taken = cleaner.clean(["+12025550101", *row])
        assert (taken.fields, taken.attributes) == ({"email": "a@example.com"}, {"city": "Boston"})


def consent(region: str = "US", **cells: Any) -> tuple[dict[str, str], list[str]]:
    taken = clean({"Phone": "+12025550101", **{f"Consent {name}": cell for name, cell in cells.items()}}, region=region)
    return taken.fields, taken.warnings


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-03-04", "2025-03-04T12:00:00+00:00"),
        ("3/4/2025", "2025-03-04T12:00:00+00:00"),
        (datetime.datetime(2025, 3, 4), "2025-03-04T12:00:00+00:00"),
        (datetime.date(2025, 3, 4), "2025-03-04T12:00:00+00:00"),
        ("2025-03-04 18:44:33", "2025-03-04T18:44:33+00:00"),
        ("2025-03-04T23:30:00-05:00", "2025-03-05T04:30:00+00:00"),
        ("2025-03-04T12:00:00+00:00", "2025-03-04T12:00:00+00:00"),
    ],
)
def test_the_date_of_a_consent_is_kept_in_utc(written: Any, moment: str) -> None:
    assert consent(date=written) == ({"consent_source": "import", "consent_at": moment}, [])


def test_a_consent_has_a_source_and_a_wording() -> None:
    kept = {"consent_source": "form", "consent_at": "2025-03-04T12:00:00+00:00", "consent_text": "Text me."}
    assert consent(source="Web or paper form", date="2025-03-04", wording="Text me.") == (kept, [])
    assert consent(wording="Text me.", date="2025-03-04", source="form") == (kept, [])
    assert consent(wording="Text me.") == ({"consent_source": "import", "consent_text": "Text me."}, [])
    assert consent(source="Not recorded") == ({}, [])
    assert consent(source="Not recorded", wording="Text me.")[0]["consent_source"] == "import"
    assert consent(source=None, date="", wording=" ") == ({}, [])


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"date": "13/04/2025"}, "Consent date: “13/04/2025” is no date with the month first."),
        ({"date": "yes"}, "Consent date: “yes” is no date."),
        ({"date": "0001-01-01 00:00 +14:00"}, "Consent date: “0001-01-01 00:00 +14:00” is no date."),
        ({"date": "9999-12-31T23:00-14:00"}, "Consent date: “9999-12-31T23:00-14:00” is no date."),
        ({"source": "a friend"}, "Consent source: “a friend” is no source of a consent. There are: not recorded, "),
    ],
)
def test_a_consent_that_cannot_be_read_is_left_out_and_told(cells: dict[str, str], sentence: str) -> None:
    fields, [warning] = consent(**cells)
    assert fields == {}
    assert warning.startswith(sentence)
    assert warning.endswith("It was left out.")


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("2025-06-15", True),
        ("2025-06-16", True),  # the day has begun in New Zealand
        ("2025-06-17", False),
        ("2025-06-15T11:59:00Z", True),
        ("2025-06-15T12:01:00Z", False),
        ("2025-06-15T19:00:00", True),  # of a clock there
        ("2025-06-16T03:00:00", False),
        ("2099-01-01", False),
    ],
)
def test_a_consent_still_to_come_is_left_out_and_told(written: str, taken: bool) -> None:
    with time_machine.travel(datetime.datetime(2025, 6, 15, 12, tzinfo=datetime.UTC), tick=False):
        fields, warnings = consent(date=written)
    assert ("consent_at" in fields, "consent_source" in fields) == (taken, taken)
    assert warnings == ([] if taken else [f"Consent date: “{written}” is still to come. It was left out."])


def test_the_first_number_that_staff_chose_counts() -> None:
    mapping = {"Home": "phone_3", "Cell": "phone_2", "Main": "phone"}
    cleaner = Cleaner(list(mapping), mapping, "US")
    assert cleaner.clean(["+12025550101", "+12025550102", "+12025550103"]).phone.e164 == "+12025550103"
    assert cleaner.clean(["+12025550101", "+12025550102", "none"]).phone.e164 == "+12025550102"
    assert cleaner.clean(["+12025550101", None, ""]).phone.e164 == "+12025550101"


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
    "bad",
    [
        "none",
        "a@b",
        "a@",
        "@example.com",
        "a b@example.com",
        "a@example.com, b@example.com",
        "a@@example.com",
        "a@example..com",
        "a@example.c",
        "a@-example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b.' * 120}",
        f"a@{'b' * 250}",
    ],
)
def test_a_bad_email_address_costs_only_itself_and_is_told(bad: str) -> None:
    taken = clean({"Phone": "+12025550101", "E-mail": bad})
    assert "email" not in taken.fields
    [warning] = taken.warnings
    assert warning.startswith("E-mail: “")
    assert bad[:80] in warning


def test_a_time_zone_is_known_as_hubspot_writes_it() -> None:
    taken = clean({"Phone": "+12025550101", "Time zone": "america_slash_new_york"})
    assert taken.fields == {"time_zone": "America/New_York"}


def test_a_bad_time_zone_costs_only_itself_and_is_told() -> None:
    taken = clean({"Phone": "+12025550101", "Time zone": "Eastern"})
    assert taken.fields == {}
    assert "is no time zone" in taken.warnings[0]


@pytest.mark.parametrize(
    ("header", "limit"),
    [
        ("First name", 100),
        ("Name", 100),
        ("Company", 200),
        ("E-mail", 254),
        ("Notes", 1_000),
        ("Consent wording", 5_000),
    ],
)
def test_a_text_that_is_too_long_is_refused_and_never_cut(header: str, limit: int) -> None:
    assert problem_of({"Phone": "+12025550101", header: "x" * (limit + 1)}) == (
        header,
        "x" * min(200, limit + 1),
        f"Too long: {limit + 1:,} characters, at most {limit:,} can be kept.",
    )
    if header != "E-mail":
        taken = clean({"Phone": "+12025550101", header: "x" * limit})
        assert "x" * limit in [*taken.fields.values(), *taken.attributes.values()]


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
        ("'", "'"),
        ("'\t'=1", "=1"),
        ("Jose\u0301\u00a0", "José"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_cells_become_what_people_read(cell: Any, text: str) -> None:
    assert as_text(cell) == text
    assert as_text(text) == text


@given(st.text(max_size=30))
def test_what_people_read_is_read_as_the_same(text: str) -> None:
    assert as_text(as_text(text)) == as_text(text)


CELL = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.datetimes(), st.dates(), st.times()
)
PHONE_CELL = st.one_of(CELL, st.sampled_from(["+12025550101", "(202) 555-0102", 12025550103.0]))


@given(PHONE_CELL, PHONE_CELL, st.lists(CELL, max_size=13))
def test_every_row_is_taken_or_refused_with_a_reason(phone: Any, cell: Any, others: list[Any]) -> None:
    names = ["Phone", "Cell", "Name", "E-mail", "Time zone", "Country", "Consent date", "Consent wording", "Notes"]
    attributes = {"Visit": "visit:date", "Size": "size:number", "VIP": "vip:yesno"}
    mapping = {**guess_mapping(names, [], "US"), **attributes}
    result = taken_or_refused(Cleaner([*names, *attributes], mapping, "US"), [phone, cell, *others])
    if isinstance(result, RowProblem):
        assert result.reason.endswith(".")
        assert len(result.value) <= 200
    else:
        assert E164.fullmatch(result.phone.e164)
        assert all(result.fields.values())
        assert "\\u0000" not in json.dumps([result.fields, result.attributes, result.warnings], allow_nan=False)


def taken_or_refused(cleaner: Cleaner, cells: list[Any]) -> Clean | RowProblem:
    try:
        return cleaner.clean(cells)
    except RowProblem as problem:
        return problem
