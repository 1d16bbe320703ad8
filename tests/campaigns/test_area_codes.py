"""The area codes of the US belong to the states that the library's own descriptions name."""

import phonenumbers
from phonenumbers import geocoder

from campaigns.area_codes import state_of
from campaigns.places import STATES


def described(area_code: int) -> str:
    """The state in the library's words: `New York, NY`, `Texas`."""
    number = phonenumbers.parse(f"+1{area_code}2340123")
    if phonenumbers.region_code_for_number(number) not in ("US", None):
        return ""
    text = geocoder.description_for_number(number, "en")
    _, comma, code = text.rpartition(", ")
    return code if comma and code in STATES.values() else STATES.get(text, "")


def test_every_area_code_that_the_library_places_is_placed_alike() -> None:
    differing = {
        code: (state_of(str(code)), described(code))
        for code in range(200, 1000)
        if described(code) and described(code) != state_of(str(code))
    }
    assert differing == {}


def test_what_is_nowhere_in_the_us_has_no_state() -> None:
    assert [state_of(code) for code in ("800", "888", "500", "416", "787", "340", "")] == [""] * 7
