"""Random people and random questions, and what plain Python answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from campaigns.segmenting import Clock

NOW = datetime(2026, 5, 10, 3, 30, tzinfo=UTC)  # the ninth of May in New York
CLOCK = Clock(NOW, ZoneInfo("America/New_York"))
LISTS, CAMPAIGNS = 2, 2
PEOPLE = 5
# Letters with one capital each in every collation, and what LIKE would take for something else.
TEXTS = st.text("abAB1%_\\ 'é"[:-1], max_size=3)
DAYS = st.dates(date(2026, 4, 25), date(2026, 5, 25))
MOMENTS = st.datetimes(datetime(2026, 4, 25), datetime(2026, 5, 10), timezones=st.just(UTC))
MOMENTS_TO_COME = st.datetimes(datetime(2026, 5, 10, 4), datetime(2026, 5, 20), timezones=st.just(UTC))


@dataclass
class Person:
    """What the oracle knows of a contact."""

    first_name: str
    attributes: dict[str, Any]
    consent_at: datetime | None
    conversation_open: bool
    lists: set[int]
    opted_out: bool
    at_rest: bool
    sends: dict[int, tuple[str, datetime, bool]]  # by campaign: state, when, replied


def people() -> st.SearchStrategy[list[Person]]:
    send = st.tuples(st.sampled_from(["accepted", "unknown", "posting", "failed", "queued"]), MOMENTS, st.booleans())
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "city": TEXTS,
            "visits": st.one_of(st.integers(-5, 5), st.sampled_from([0.5, 2.5]), st.just("many")),
            "2024": st.integers(0, 3),
            "due": DAYS.map(date.isoformat) | st.sampled_from(["5/1/2026", "2026", "soon", "2026-05-09T10:00"]),
            "vip": st.booleans(),
        },
    )
    person = st.builds(
        Person,
        TEXTS,
        attributes,
        st.none() | MOMENTS | MOMENTS_TO_COME,
        st.booleans(),
        st.sets(st.integers(0, LISTS - 1)),
        st.booleans(),
        st.booleans(),
        st.dictionaries(st.integers(0, CAMPAIGNS - 1), send),
    )
    return st.lists(person, min_size=PEOPLE, max_size=PEOPLE)


TYPED = TEXTS.map(str.strip).filter(bool)
SOME_DAYS = st.integers(1, 20)
# Every way to ask, with what it may be asked with.
ASKED: list[tuple[str, list[str], st.SearchStrategy[Any]]] = [
    ("first_name", ["is", "is_not", "contains", "begins", "blank", "filled"], TYPED),
    ("attribute:city", ["is", "is_not", "contains", "begins", "blank", "filled"], TYPED),
    ("attribute:visits", ["is", "is_not", "at_least", "at_most", "blank", "filled"], st.integers(-5, 5)),
    ("attribute:2024", ["is", "at_least"], st.integers(0, 3)),
    ("attribute:due", ["on", "from", "before"], DAYS.map(date.isoformat)),
    ("attribute:due", ["next_days", "last_days"], SOME_DAYS),
    ("attribute:vip", ["yes", "no", "blank", "filled"], st.none()),
    ("consent_at", ["from", "before"], DAYS.map(date.isoformat)),
    ("consent_at", ["last_days", "filled", "blank"], SOME_DAYS),
    ("list", ["on", "not_on"], st.integers(0, LISTS - 1)),
    ("opted_out", ["yes", "no"], st.none()),
    ("at_rest", ["yes", "no"], st.none()),
    ("conversation_open", ["yes", "no"], st.none()),
    ("texted", ["never", "ever", "last_days", "not_last_days"], SOME_DAYS),
    ("campaign", ["got", "not_got", "replied", "silent"], st.integers(0, CAMPAIGNS - 1)),
]
EACH = [(field, op, values) for field, ops, values in ASKED for op in ops]


def condition(field: str, op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return values.map(lambda value: {"field": field, "op": op, "value": value})


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(EACH).flatmap(lambda one: condition(*one))


def every_condition() -> st.SearchStrategy[tuple[dict[str, Any], ...]]:
    """One of each."""
    return st.tuples(*(condition(*one) for one in EACH))


def trees() -> st.SearchStrategy[dict[str, Any]]:
    def group(rules: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        match = st.sampled_from(["all", "any"])
        return st.builds(
            lambda how, some: {"match": how, "rules": some}, match, st.lists(rules, min_size=1, max_size=3)
        )

    return group(conditions() | group(conditions()))


def expected(tree: dict[str, Any], person: Person) -> bool:
    """The question, answered by hand."""
    if "rules" in tree:
        answers = [expected(rule, person) for rule in tree["rules"]]
        return all(answers) if tree["match"] == "all" else any(answers)
    field, op, value = tree["field"], tree["op"], tree["value"]
    if field == "first_name":
        return of_text(person.first_name, op, value)
    if field.startswith("attribute:"):
        return of_attribute(field.removeprefix("attribute:"), person.attributes, op, value)
    if field == "consent_at":
        return of_moment(person.consent_at, op, value)
    if field == "list":
        return bool((value in person.lists) == (op == "on"))
    if field == "at_rest":
        return bool((person.at_rest and not person.opted_out) == (op == "yes"))
    if field in ("opted_out", "conversation_open"):
        return bool(getattr(person, field) == (op == "yes"))
    return of_sends(field, person, op, value)


def of_text(text: str, op: str, value: str) -> bool:
    ours, theirs = text.upper(), value.upper()
    answers: dict[str, Callable[[], bool]] = {
        "is": lambda: ours == theirs,
        "is_not": lambda: ours != theirs,
        "contains": lambda: theirs in ours,
        "begins": lambda: ours.startswith(theirs),
        "blank": lambda: not ours.strip(" "),
        "filled": lambda: bool(ours.strip(" ")),
    }
    return answers[op]()


def of_attribute(name: str, attributes: dict[str, Any], op: str, value: Any) -> bool:
    stored = attributes.get(name)
    if op in ("blank", "filled"):
        return of_text("" if stored is None else str(stored), op, "")
    if name == "city":
        return of_text(stored or "", op, value)
    if name == "vip":
        return bool(stored is (op == "yes"))
    if name == "due":
        found = re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", stored or "")
        return found is not None and of_day(date.fromisoformat(found[0]), op, value)
    is_number = isinstance(stored, int | float)
    if op == "is_not":
        return not is_number or stored != value
    return is_number and bool({"is": stored == value, "at_least": stored >= value, "at_most": stored <= value}[op])


def of_day(day: date, op: str, value: Any) -> bool:
    if op.endswith("_days"):
        away = (day - date(2026, 5, 9)).days
        return bool(0 <= away <= value if op == "next_days" else -value <= away <= 0)
    other = date.fromisoformat(value)
    answers = {"on": day == other, "from": day >= other, "before": day < other}
    return answers[op]


def of_moment(moment: datetime | None, op: str, value: Any) -> bool:
    if op in ("blank", "filled"):
        return (moment is None) == (op == "blank")
    if moment is None:
        return False
    if op == "last_days":
        return NOW - timedelta(days=value) <= moment <= NOW
    begins = datetime.combine(date.fromisoformat(value), time.min, CLOCK.zone)
    return moment >= begins if op == "from" else moment < begins


def of_sends(field: str, person: Person, op: str, value: Any) -> bool:
    gone = {key: send for key, send in person.sends.items() if send[0] in ("accepted", "unknown", "posting")}
    if field == "texted":
        since = [
            at
            for _, at, _ in gone.values()
            if value is None or op in ("never", "ever") or at >= NOW - timedelta(days=value)
        ]
        return bool(since) == (op in ("ever", "last_days"))
    replied = value in person.sends and person.sends[value][2]
    return {
        "got": value in gone,
        "not_got": value not in gone,
        "replied": replied,
        "silent": value in gone and not replied,
    }[op]
