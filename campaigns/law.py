"""The quiet hours of places, as dated data with their sources. Pure: `quiet_hours.toml` is read once."""

import hashlib
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from campaigns.windows import Rule

DATA = Path(__file__).with_name("quiet_hours.toml")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@lru_cache(maxsize=1)
def all_rules() -> dict[str, tuple[Rule, ...]]:
    """Every rule on file, by its place."""
    found: dict[str, tuple[Rule, ...]] = {}
    for entry in tomllib.loads(DATA.read_text())["rule"]:
        found[entry["place"]] = (*found.get(entry["place"], ()), _rule(entry))
    return found


@lru_cache(maxsize=1)
def digest() -> str:
    """What a rehearsal notes of the law, to see whether it changed since."""
    return hashlib.sha256(DATA.read_bytes()).hexdigest()


@lru_cache(maxsize=4_096)
def rules_at(places: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules of all these places and of their countries; together they are the strictest."""
    wider = dict.fromkeys(code for place in places for code in (place.partition("-")[0], place))
    return tuple(rule for code in wider for rule in all_rules().get(code, ()))


def places_within(countries: Iterable[str]) -> tuple[str, ...]:
    """The countries and every state of theirs that has a rule, for a number that names no state."""
    chosen = tuple(countries)
    states = (place for place in all_rules() if place.partition("-")[0] in chosen and "-" in place)
    return (*chosen, *sorted(states))


def _rule(entry: dict[str, Any]) -> Rule:
    first, _, last = entry["days"].partition("-")
    days = range(DAYS.index(first) + 1, DAYS.index(last or first) + 2)
    return Rule(
        frozenset(days), entry["opens"], entry["closes"], entry.get("from"), entry.get("to"), source=entry["source"]
    )
