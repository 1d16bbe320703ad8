"""The sum of an audience, step by step, and the people whom each of its numbers counts."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from campaigns.audience import NOBODY, Reason, chosen, excluded, included, included_by_any, sources
from campaigns.choices import Choice
from campaigns.segmenting import Catalogue, Clock
from campaigns.segmenting.compiling import AT_REST, OPTED_OUT, keys_of
from contacts.models import Contact, Suppression
from contacts.querysets import ContactQuerySet

BEFORE, REMAIN, STOPPED, RESTING = "before", "remain", "opted_out", "at_rest"


class NoSuchStep(ValueError):
    """The sum has no such line, any more or ever."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the sum: its key for `people_of`, in words, and how many people it holds, or takes away."""

    key: str
    words: str
    people: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The whole sum, with some of those who remain."""

    included: list[Step] = field(default_factory=list)
    excluded: list[Step] = field(default_factory=list)
    before: int = 0
    remain: int = 0
    opted_out: int = 0
    at_rest: int = 0
    sample: list[Contact] = field(default_factory=list)

    @property
    def is_doubled(self) -> bool:
        """Is anybody left out for more than one reason, so that the lines take away more than the sum does?"""
        return sum(step.people for step in self.excluded) > self.before - self.remain


def count(choice: Choice, clock: Clock, sample: int = 5) -> Counted:
    """The sum. Raises QuestionProblem."""
    catalogue = Catalogue.load()
    more, less = list(included(choice, catalogue, clock)), list(excluded(choice, catalogue, clock))
    before, taken, remain, opted_out, at_rest, first = _sum(_everybody(choice, catalogue, clock), less, sample)
    steps = [before] if len(more) == 1 else [Contact.objects.filter(one.holds).count() for one in more]
    return Counted(
        included=[Step(f"in.{at}", one.words, steps[at]) for at, one in enumerate(more)],
        excluded=[Step(f"out.{at}", one.words, taken[at]) for at, one in enumerate(less)],
        before=before,
        remain=remain,
        opted_out=opted_out,
        at_rest=at_rest,
        sample=list(Contact.objects.filter(pk__in=first).order_by("pk")),
    )


def people_of(choice: Choice, clock: Clock, key: str) -> tuple[str, ContactQuerySet]:
    """Whom a line of the sum counts: who they are, as the end of "Those who …", and the people.

    Raises NoSuchStep, and QuestionProblem for a segment that cannot be asked any more.
    """
    catalogue = Catalogue.load()
    everybody = Contact.objects.filter(included_by_any(choice, catalogue, clock))
    if key == BEFORE:
        return "are chosen, before anybody is left out", everybody
    if key == REMAIN:
        return "remain", chosen(choice, clock)
    if key == STOPPED:
        return "remain but opted out, and are held back", chosen(choice, clock).filter(OPTED_OUT)
    if key == RESTING:
        words = "remain but may have meant stop; they are held back until somebody decides"
        return words, chosen(choice, clock).filter(AT_REST)
    side, _, at = key.partition(".")
    reasons = list((included if side == "in" else excluded)(choice, catalogue, clock))
    if side not in ("in", "out") or not at.isdecimal() or int(at) >= len(reasons):
        raise NoSuchStep(key)
    reason = reasons[int(at)]
    return reason.words, (Contact.objects if side == "in" else everybody).filter(reason.holds)


def _everybody(choice: Choice, catalogue: Catalogue, clock: Clock) -> QuerySet[Contact, Any]:
    """Keys and numbers of those who are brought in: the union of the sets, which the planner can count beforehand."""
    conditions = sources(choice, catalogue, clock) or [NOBODY]
    first, *others = [Contact.objects.filter(holds).order_by().values("pk", "phone") for holds in conditions]
    return first.union(*others) if others else first


def _sum(
    everybody: QuerySet[Contact, Any], less: list[Reason], sample: int
) -> tuple[int, list[int], int, int, int, list[int]]:
    """How many there are before, whom each reason takes, who remain, who of them opted out or rest; and the first ones.

    One statement, in which everybody is looked for once and joined with the sets that take people away.
    """
    sets = [keys_of(one.holds) for one in less]
    stopped = Suppression.objects.standing().order_by().values("phone", "under_review").distinct()
    queries = [_sql(everybody), *map(_sql, sets), _sql(stopped)]
    marks = "".join(f", less_{at}.id IS NOT NULL AS taken_{at}" for at in range(len(less)))
    remains = " AND ".join(f"less_{at}.id IS NULL" for at in range(len(less))) or "true"
    joins = " ".join(f"LEFT JOIN less_{at} ON less_{at}.id = everybody.id" for at in range(len(less)))
    taken = "".join(f", count(*) FILTER (WHERE taken_{at})" for at in range(len(less)))
    names = ["everybody (id, phone)", *(f"less_{at} (id)" for at in range(len(less))), "stopped (phone, rests)"]
    asked = ", ".join(f"{name} AS ({sql})" for name, (sql, _) in zip(names, queries, strict=True))
    statement = f"""
WITH {asked},
    marked AS (
        SELECT everybody.id, stopped.rests, {remains} AS remains{marks}
        FROM everybody {joins} LEFT JOIN stopped ON stopped.phone = everybody.phone
    )
SELECT count(*), count(*) FILTER (WHERE remains), count(*) FILTER (WHERE remains AND NOT rests),
    count(*) FILTER (WHERE remains AND rests),
    ARRAY(SELECT id FROM marked WHERE remains ORDER BY id LIMIT %s){taken}
FROM marked
"""  # noqa: S608  (made by Django, and our own words)
    parameters: list[Any] = [one for _, some in queries for one in some]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, sample])
        before, remain, opted_out, at_rest, first, *each = cursor.fetchone()
    return before, each, remain, opted_out, at_rest, first


def _sql(query: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = query.query.sql_with_params()
    return sql, tuple(parameters)
