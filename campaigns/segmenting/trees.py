"""The question as a tree: groups of which all or any must hold, and conditions. Pure.

Stored as JSON: a group is `{"match": "all" | "any", "rules": [...]}`, a condition is
`{"field": key, "op": key, "value": ...}`; days are whole numbers, dates ISO 8601, choices the text of their key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaigns.segmenting.subjects import Catalogue, Operator, Subject, Takes
from campaigns.segmenting.subjects import Kind as Subjects
from contacts.attributes import Kind, parse_value

MOST_CONDITIONS = 50
DEEPEST = 4
LONGEST_TEXT = 200
MOST_DAYS = 36_500
Value = str | int | float | None


class QuestionProblem(ValueError):
    """A question that cannot be asked; the text is a sentence for the person who built it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One checked condition, with the subject that it is about; `elsewhere`: of the other mode, so it counts nobody."""

    subject: Subject
    operator: Operator
    value: Value = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups; without any it holds for everybody."""

    match_all: bool = True
    rules: "tuple[Condition | Group, ...]" = ()


def read(tree: Mapping[str, Any], catalogue: Catalogue) -> Group:
    """The checked question; groups without conditions fall away. Raises QuestionProblem."""
    group = _group(tree, catalogue, DEEPEST)
    if count(group) > MOST_CONDITIONS:
        raise QuestionProblem(f"A segment takes {MOST_CONDITIONS} conditions at most.")
    return group


def count(group: Group) -> int:
    """How many conditions there are, in all groups."""
    return sum(count(rule) if isinstance(rule, Group) else 1 for rule in group.rules)


def as_json(group: Group) -> dict[str, Any]:
    """The tree to store."""
    rules = [
        as_json(rule)
        if isinstance(rule, Group)
        else {"field": rule.subject.key, "op": rule.operator.key, "value": rule.value}
        for rule in group.rules
    ]
    return {"match": "all" if group.match_all else "any", "rules": rules}


def _group(tree: Mapping[str, Any], catalogue: Catalogue, deeper: int) -> Group:
    rules = tree.get("rules", [])
    if deeper == 0 or not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        raise QuestionProblem("This question is not put together as we know it. Build it again.")
    read_rules = [
        _group(rule, catalogue, deeper - 1) if "rules" in rule else _condition(rule, catalogue) for rule in rules
    ]
    kept = tuple(rule for rule in read_rules if not isinstance(rule, Group) or rule.rules)
    return Group(tree.get("match") != "any", kept)


def _condition(rule: Mapping[str, Any], catalogue: Catalogue) -> Condition:
    field = str(rule.get("field") or "")
    subject = catalogue.subjects.get(field)
    if subject is None:
        gone = "A condition asks for a column that is gone. Choose another, or take the condition out."
        raise QuestionProblem(gone if field else "Choose what the new condition is about, or take it out.")
    operator = subject.operator(str(rule.get("op", "")))
    if operator is None:
        raise QuestionProblem(f"Say how “{subject.label}” is meant.")
    value = _value(rule.get("value"), subject, operator, catalogue)
    return Condition(subject, operator, value, subject.kind == Subjects.CAMPAIGN and value in catalogue.elsewhere)


def _value(value: Any, subject: Subject, operator: Operator, catalogue: Catalogue) -> Value:
    match operator.takes:
        case Takes.NOTHING:
            return None
        case Takes.TEXT:
            return _text(value, subject)
        case Takes.NUMBER:
            return _number(value, subject)
        case Takes.DATE:
            return _date(value, subject)
        case Takes.DAYS:
            return _days(value, subject)
        case Takes.CHOICE:
            return _choice(value, subject, catalogue)


def _text(value: Any, subject: Subject) -> str:
    text = str(value or "").strip()
    if not text or "\0" in text:
        raise QuestionProblem(f"Write what “{subject.label}” is compared with.")
    if len(text) > LONGEST_TEXT:
        raise QuestionProblem(f"“{subject.label}” is compared with {LONGEST_TEXT} characters at most.")
    return text


def _number(value: Any, subject: Subject) -> int | float:
    try:
        number = parse_value(Kind.NUMBER, value)  # read as the cells were
    except ValueError as problem:
        raise QuestionProblem(f"“{subject.label}” is compared with a number.") from problem
    return number if isinstance(number, int | float) else float(number)


def _date(value: Any, subject: Subject) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as problem:
        raise QuestionProblem(f"Choose a date for “{subject.label}”.") from problem


def _days(value: Any, subject: Subject) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_DAYS)) and 1 <= int(text) <= MOST_DAYS):
        raise QuestionProblem(f"Say for “{subject.label}” how many days, 1 to {MOST_DAYS:,}.")
    return int(text)


def _choice(value: Any, subject: Subject, catalogue: Catalogue) -> str:
    chosen = str(value if value is not None else "")
    if chosen not in catalogue.choices.get(subject.kind, {}):
        gone = f"{subject.label} that this question asks for is gone. Choose another, or take the condition out."
        raise QuestionProblem(gone if chosen else f"Choose for “{subject.label}”.")
    return chosen
