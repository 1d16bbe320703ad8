"""The clock of 47 CFR 64.1200(a)(10)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.business_days import add_business_days, business_days_left, is_business_day


@pytest.mark.parametrize(
    ("day", "after_ten"),
    [
        (date(2026, 3, 2), date(2026, 3, 16)),
        (date(2026, 3, 7), date(2026, 3, 20)),  # a Saturday
        (date(2026, 11, 20), date(2026, 12, 7)),  # over Thanksgiving
        (date(2026, 12, 21), date(2027, 1, 6)),  # over Christmas and New Year
        (date(2026, 6, 26), date(2026, 7, 13)),  # July 4 on a Saturday rests the Friday before
    ],
)
def test_the_tenth_business_day(day: date, after_ten: date) -> None:
    assert add_business_days(day, 10) == after_ten


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 19),  # the third Monday of January
        date(2026, 5, 25),  # the last Monday of May
        date(2026, 11, 26),  # the fourth Thursday of November
        date(2027, 6, 18),  # June 19 on a Saturday
        date(2021, 12, 31),  # New Year 2022 on a Saturday rests in the year before
        date(2026, 11, 21),
    ],
)
def test_no_business_day(day: date) -> None:
    assert not is_business_day(day)


@given(st.dates(date(2020, 1, 1), date(2060, 1, 1)), st.integers(1, 30))
def test_days_left_count_what_was_added(day: date, amount: int) -> None:
    last = add_business_days(day, amount)
    assert is_business_day(last)
    assert business_days_left(day, last) == amount
    assert business_days_left(last, last) == 0
    assert business_days_left(last + timedelta(days=1), last) <= 0
