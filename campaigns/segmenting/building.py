"""The page that builds a question: what it posts, what its buttons do, and the rows that it shows. Pure.

A half-built tree has the shape of a stored one, with whatever was typed so far. Inputs are named by their way through
the tree: `match` of the whole, `0.field`, `0.op`, `0.value` of its first condition, `1.match`, `1.0.field` of a group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.segmenting.subjects import OPERATORS, Catalogue, Operator, Subject, Takes
from campaigns.segmenting.trees import DEEPEST, QuestionProblem, read

Tree = dict[str, Any]
NEW_CONDITION = {"field": "", "op": "", "value": ""}
MOST_ROWS = 60


def from_post(posted: Mapping[str, str]) -> Tree:
    """The tree as it stands on the page; what lies deeper than a question can be is not looked at."""
    return _group(posted, "", DEEPEST)


def change(tree: Tree, action: str) -> Tree:
    """The tree after a button: `add:1` a condition at the end of a group, `group:` a group, `remove:1.0` either."""
    verb, _, way = action.partition(":")
    steps = [int(step) for step in way.split(".") if step.isdecimal()]
    if verb in ("add", "group"):
        group = _at(tree, steps)
        if group is not None and "rules" in group:
            group["rules"].append(
                dict(NEW_CONDITION) if verb == "add" else {"match": "any", "rules": [dict(NEW_CONDITION)]}
            )
    elif verb == "remove" and steps:
        group = _at(tree, steps[:-1])
        if group is not None and steps[-1] < len(group.get("rules", [])):
            del group["rules"][steps[-1]]
    return tree


def finished(tree: Tree, catalogue: Catalogue) -> Tree:
    """The tree without the conditions that are not finished, so that the others can be counted meanwhile."""
    kept = []
    for rule in tree.get("rules", []):
        if "rules" in rule:
            kept.append(finished(rule, catalogue))
            continue
        try:
            read({"rules": [rule]}, catalogue)
        except QuestionProblem:
            continue
        kept.append(rule)
    return {**tree, "rules": kept}


def next_stop(tree: Tree, action: str) -> str:
    """Where whoever uses the keyboard goes on after a button: the new condition, or the group that lost one."""
    verb, _, way = action.partition(":")
    if verb == "remove":
        return f"add:{way.rpartition('.')[0]}"
    group = _at(tree, [int(step) for step in way.split(".") if step.isdecimal()]) if verb in ("add", "group") else None
    last = len(group.get("rules", [])) - 1 if group else -1
    if last < 0:
        return ""
    new = f"{way}.{last}" if way else str(last)
    return f"{new}.0" if verb == "group" else new


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page: a condition, or a group with lines of its own."""

    way: str
    subject: Subject | None = None
    operators: tuple[Operator, ...] = ()
    operator: Operator | None = None
    value: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    is_group: bool = False
    match: str = "all"
    rows: "tuple[Row, ...]" = ()

    @property
    def takes(self) -> str:
        """What is typed behind the operator."""
        return self.operator.takes.value if self.operator else Takes.NOTHING.value


def rows(tree: Tree, catalogue: Catalogue) -> Row:
    """The whole tree as lines."""
    return _row(tree, catalogue, "")


def _group(posted: Mapping[str, str], way: str, deeper: int) -> Tree:
    rules: list[Tree] = []
    for index in range(MOST_ROWS if deeper else 0):
        inner = f"{way}{index}"
        if f"{inner}.match" in posted:
            rules.append(_group(posted, f"{inner}.", deeper - 1))
        elif f"{inner}.field" in posted:
            rules.append({name: posted.get(f"{inner}.{name}", "") for name in ("field", "op", "value")})
        else:
            break
    return {"match": "any" if posted.get(f"{way}match") == "any" else "all", "rules": rules}


def _at(tree: Tree, steps: list[int]) -> Tree | None:
    for step in steps:
        rules = tree.get("rules", [])
        if step >= len(rules):
            return None
        tree = rules[step]
    return tree


def _row(rule: Tree, catalogue: Catalogue, way: str) -> Row:
    if "rules" in rule:
        inner = tuple(
            _row(one, catalogue, f"{way}.{index}" if way else str(index)) for index, one in enumerate(rule["rules"])
        )
        return Row(way, is_group=True, match=rule.get("match", "all"), rows=inner)
    subject = catalogue.subjects.get(str(rule.get("field", "")))
    if subject is None:
        return Row(way)
    # Another subject has other operators: what does not fit any more gives way to the first.
    operator = subject.operator(str(rule.get("op", ""))) or OPERATORS[subject.kind][0]
    value = rule.get("value")
    return Row(
        way,
        subject,
        OPERATORS[subject.kind],
        operator,
        "" if value is None else str(value),
        catalogue.choices.get(subject.kind, {}),
    )
