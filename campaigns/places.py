"""Where a number may be: the places whose law counts, and the clocks. Pure; from the number plan alone.

An area code tells where a number was given out, and people move with theirs. It is a presumption; a person's own time
zone narrows the clocks, the law of the area code stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException

from campaigns.area_codes import state_of
from campaigns.law import places_within
from contacts.phones import time_zones

NORTH_AMERICA = "+1"
# An area code of North America never crosses a state's border, and its zones are told by three digits more.
TELLING_DIGITS = len("+1202555")
STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN",
    "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV",
    "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX",
    "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington D.C.": "DC", "Washington State": "WA",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
}  # fmt: skip
# Countries of the number plan in which the federal law of the US holds.
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
_NAMES = {f"US-{code}": name for name, code in STATES.items()} | {
    "US": "the United States",
    "CA": "Canada",
    "GB": "the United Kingdom",
}


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The clocks on which a text must be lawful, and the places whose rules hold; both are candidates, all of them."""

    zones: tuple[str, ...]
    places: tuple[str, ...]


def whereabouts(phone: str, time_zone: str) -> Whereabouts:
    """Of a number in E.164; `time_zone` is the person's own IANA zone, or empty."""
    found = _of_number(f"{phone[:TELLING_DIGITS]}0123" if phone.startswith(NORTH_AMERICA) else phone)
    return Whereabouts((time_zone,), found.places) if time_zone else found


def name_of(place: str) -> str:
    """As a sentence names it."""
    return _NAMES.get(place, place)


def is_anywhere(where: Whereabouts) -> bool:
    """Does the number tell no state, so that the law of all of them counts?"""
    return sum("-" in place for place in where.places) > 1


def names_of(places: Sequence[str]) -> str:
    """The most exact of them, in words; several states are counted."""
    states = [place for place in places if "-" in place]
    if len(states) > 1:
        return "any state of the US, or Canada"
    return name_of((states or list(places) or ["an unknown country"])[0])


@lru_cache(maxsize=65_536)
def _of_number(phone: str) -> Whereabouts:
    zones = time_zones(phone)
    try:
        number = phonenumbers.parse(phone)
    except NumberParseException:
        return Whereabouts(zones, ())
    country = phonenumbers.region_code_for_number(number) or ""
    if number.country_code != 1:
        return Whereabouts(zones, (country,) if country else ())
    if country not in ("US", ""):
        return Whereabouts(zones, ("US", country) if country in TERRITORIES else (country,))
    state = state_of(phone[len(NORTH_AMERICA) :][:3])
    # Toll-free and personal numbers, and area codes that are newer than the library, may be anywhere.
    return Whereabouts(zones, ("US", f"US-{state}") if state else places_within(("US", "CA")))
