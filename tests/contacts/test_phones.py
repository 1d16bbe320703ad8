"""The one function through which every number comes."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.phones import E164, InvalidPhone, last_digits, parse_phone, pretty, time_zones

JANE = "+12025550123"


@pytest.mark.parametrize(
    "written",
    [
        "+12025550123",
        "12025550123",
        "2025550123",
        " (202) 555-0123 ",
        "202.555.0123",
        "202–555—0123",
        "tel:+1-202-555-0123",
        "Phone: 202 555 0123",
        "0012025550123",
        "００１２０２５５５０１２３",
        "٢٠٢٥٥٥٠١٢٣",
        "\u202a+1 202\u00a0555\u200b0123\u202c",
        "\ufeff+12025550123",
        "'+12025550123",
        '="2025550123"',
        "\N{BLACK TELEPHONE}\ufe0f 202 555 0123",
        "12025550123.0",
        "+12025550123.00",
        12025550123,
        12025550123.0,
        2025550123.0,
    ],
)
def test_it_reads_what_people_and_sheets_write(written: object) -> None:
    assert parse_phone(written, "US").e164 == JANE


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        ("+44 (0)20 7946 0123", "US", "+442079460123"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("0176/12345678", "DE", "+4917612345678"),
        ("+49 (0)30/1234567", "US", "+49301234567"),
        (12025551000.0, "US", "+12025551000"),  # three zeros occur
        ("+1 202 555 0000", "US", "+12025550000"),  # written out by a person
    ],
)
def test_it_reads_numbers_of_other_shapes(written: object, region: str, e164: str) -> None:
    assert parse_phone(written, region).e164 == e164


@pytest.mark.parametrize("last", range(100, 200))
def test_it_takes_every_number_that_is_reserved_for_samples(last: int) -> None:
    assert parse_phone(f"202555{last:04}", "US").e164 == f"+1202555{last:04}"


@pytest.mark.parametrize(
    ("written", "region", "code"),
    [
        (None, "US", "empty"),
        ("", "US", "empty"),
        (" \u200b\t", "US", "empty"),
        (0, "US", "empty"),
        ("202-555-0123 ext 5", "US", "extension"),
        ("202-555-0123 x5", "US", "extension"),
        ("202-555-0123x5", "US", "extension"),
        ("+12025550123;ext=5", "US", "extension"),
        ("2025550123#5", "US", "extension"),
        ("2025550123 - 5#", "US", "extension"),
        ("1-800-FLOWERS", "US", "letters"),
        ("202 555 0123 (home)", "US", "letters"),
        ("n/a", "US", "letters"),
        ("1.20256E+10", "US", "rounded"),
        ("1,20256e10", "DE", "rounded"),
        ("12025550000.0", "US", "rounded"),
        (12025600000, "US", "rounded"),
        (12025550000.0, "US", "rounded"),
        (1202555012.5, "US", "rounded"),
        (1e15, "US", "rounded"),
        pytest.param(10**5_000, "US", "rounded", id="more digits than Python prints"),
        (float("nan"), "US", "rounded"),
        (float("inf"), "US", "rounded"),
        (-12025550123, "US", "not_a_number"),
        (True, "US", "not_a_number"),
        (b"2025550123", "US", "not_a_number"),
        (datetime.date(2024, 1, 2), "US", "date"),
        (datetime.datetime(2024, 1, 2, 3, 4), "US", "date"),
        ("2024-01-02", "US", "date"),
        ("202-555-0123 / 202-555-0124", "US", "two_numbers"),
        ("202-555-0123; 202-555-0124", "US", "two_numbers"),
        ("202-555-0123, 202-555-0124", "US", "two_numbers"),
        ("202-555-0123\n202-555-0124", "US", "two_numbers"),
        ("2025550123\t2025550124", "US", "two_numbers"),
        ("2025550123 ::: 2025550124", "US", "two_numbers"),
        ("+12025550123 +12025550124", "US", "two_numbers"),
        ("202 555 0123 or 202 555 0124", "US", "two_numbers"),
        ("030 1234567/68", "DE", "two_numbers"),  # …67 and …68; the library would read one long number
        ("202*555*0123", "US", "not_a_number"),
        ("+49 176 1234****", "DE", "not_a_number"),  # masked; the library would read a shorter one
        ("+49 30 12345…", "DE", "cut_off"),
        ("-", "US", "not_a_number"),
        ("9" * 200, "US", "not_a_number"),
        ("2025550123", None, "no_country"),
        ("2025550123", "XX", "no_country"),
        ("+999123456789", "US", "no_such_country"),
        ("5550123", "US", "no_area_code"),
        ("+1202555012", "US", "too_short"),
        ("4917612345678", "US", "too_long"),
        ("+19995550123", "US", "not_in_use"),
        ("612345678", "IT", "not_in_use"),  # Rome, its zero lost in a sheet
        (712345678, "GB", "not_in_use"),
    ],
)
def test_it_refuses_what_is_not_beyond_doubt(written: object, region: str | None, code: str) -> None:
    with pytest.raises(InvalidPhone) as refusal:
        parse_phone(written, region)
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("written", "kind", "texts"),
    [
        ("+12025550123", "fixed or mobile", True),
        ("+4917612345678", "mobile", True),
        ("+18005550123", "toll-free", True),
        ("+442079460123", "fixed", False),
        ("+19005550123", "premium", False),
    ],
)
def test_it_knows_lines_that_receive_no_texts(written: str, kind: str, texts: bool) -> None:
    phone = parse_phone(written)
    assert (phone.kind, phone.can_receive_texts) == (kind, texts)


WRITTEN = st.one_of(
    st.text(),
    st.integers(),
    st.floats(),
    st.none(),
    st.binary(max_size=20),
    st.from_regex(r"[+0-9 ()./\-x,;#*E:]{0,25}", fullmatch=True),
    st.from_regex(r"\+?[0-9]{5,17}(\.0)?", fullmatch=True),
    st.integers(10**6, 10**16).map(float),
)


@given(WRITTEN, st.sampled_from(["US", "GB", "DE", "IT", "MX", "AR", "BR", "NU", "ZZ", "", None]))
def test_its_answer_is_e164_that_reads_as_itself_or_a_refusal(written: object, region: str | None) -> None:
    try:
        phone = parse_phone(written, region)
    except InvalidPhone:
        return
    assert E164.fullmatch(phone.e164)
    assert parse_phone(phone.e164, region) == phone
    assert parse_phone(phone.e164, None) == phone
    assert parse_phone(pretty(phone.e164), "US") == phone


@given(st.integers(10**6, 10**11 - 1), st.sampled_from(["US", "GB", "DE", "FR", "IT"]))
def test_it_never_invents_or_drops_a_digit_of_a_number_in_a_cell(whole: int, region: str) -> None:
    try:
        phone = parse_phone(float(whole), region)
    except InvalidPhone:
        return
    assert phone.e164.endswith(str(whole).lstrip("0")) or phone.e164 == f"+{whole}"


def test_it_names_the_time_zones_a_number_may_stand_for() -> None:
    assert time_zones("+12025550123") == ("America/New_York",)
    assert "America/Los_Angeles" in time_zones("+18005550123")
    assert time_zones("+99912345") == ()
    assert time_zones("nonsense") == ()


def test_it_shows_a_number_as_people_read_it() -> None:
    assert pretty(JANE) == "+1 202-555-0123"
    assert pretty("nonsense") == "nonsense"
    assert last_digits(JANE) == "0123"
    assert last_digits(JANE, 2) == "23"
