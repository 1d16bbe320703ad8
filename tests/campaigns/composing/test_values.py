"""What an agent is told, in the kind that its task expects."""

import pytest

from campaigns.composing.values import WrongValue, typed


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("text", "  as it is ", "  as it is "),
        ("text", True, "true"),
        ("text", 5, "5"),
        ("number", "5", 5),
        ("number", " -1234.50 ", -1234.5),
        ("number", "1,234", 1234),
        ("number", 3.25, 3.25),
        ("phone", "(202) 555-0123", "+12025550123"),
        ("phone", "+442079460018", "+442079460018"),
        ("yesno", "Yes", True),
        ("yesno", "no", False),
        ("yesno", True, True),
        ("moment", "2025-02-22T15:00:00Z", "2025-02-22T15:00:00Z"),
        ("moment", "2025-02-22 15:00-05:00", "2025-02-22T15:00:00-05:00"),
        ("moment", "2025-02-22T15:00:00+00:00", "2025-02-22T15:00:00Z"),
    ],
)
def test_each_kind_travels_in_its_form(kind: str, value: object, told: object) -> None:
    found = typed(kind, value)
    assert found == told
    assert type(found) is type(told)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("number", "many", "“many” is not a number."),
        ("number", True, "“True” is not a number."),
        ("number", "1e9", "not a number"),
        ("phone", "12", "“12” is not a phone number: Digits are missing."),
        ("yesno", "maybe", "neither yes nor no"),
        ("moment", "2025-02-22T15:00:00", "the time and its zone. Write it like 2030-01-07T14:00:00-05:00"),
        ("moment", "2025-02-22", "the time and its zone"),
        ("moment", "tomorrow at 3", "not a date and time"),
        ("moment", "x" * 200, "…”"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_in_words(kind: str, value: object, words: str) -> None:
    with pytest.raises(WrongValue) as refused:
        typed(kind, value)
    assert words in str(refused.value)


def test_a_number_is_read_by_the_habit_of_the_country() -> None:
    assert typed("number", "1.234,5", "DE") == 1234.5
    assert typed("phone", "020 7946 0018", "GB") == "+442079460018"
