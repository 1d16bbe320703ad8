"""A message while it is being written: as one real person would read it, what it costs, what to think of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Length

from campaigns import composing
from campaigns.audience import known_fields
from campaigns.composing.advising import Advice, Repair, advice
from campaigns.composing.repairing import outside_tags, repaired
from campaigns.glimpsing import MOST, Glimpse
from campaigns.merge_fields import blank
from campaigns.models import Campaign
from campaigns.pages import Bubble, bubble
from campaigns.scripts import Script, Scripted
from campaigns.sms_parts import Segments, count_segments
from contacts.keys import key_of
from contacts.models import Contact

# People of whom it is said how many parts they would get.
SAMPLE = 200
FURTHEST = 500


class Pick(StrEnum):
    """Whom to look at."""

    FIRST = "first"
    RANDOM = "random"
    LONGEST = "longest"
    BLANKS = "blanks"
    ASKED = "asked"  # somebody who was looked for, until another way is chosen

    @property
    def label(self) -> str:
        """As the button says it."""
        return {
            "first": "First",
            "random": "Random",
            "longest": "Longest",
            "blanks": "With blanks",
            "asked": "Asked for",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Looked:
    """At whom, and how we came there."""

    pick: Pick = Pick.FIRST
    at: int = 0
    person: Contact | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """All that the page says about the message as it stands."""

    looked: Looked
    bubble: Bubble | None = None
    told: dict[str, Any] = field(default_factory=dict)
    typed: Segments | None = None
    merged: str = ""
    data_costs: str = ""
    problem: str = ""
    advice: list[Advice] = field(default_factory=list)
    ways: str = ""
    among: str = ""


def look(glimpse: Glimpse, pick: Pick, at: int, names: Iterable[str], kept: str = "") -> Looked:
    """The person to show; `kept` is the key of one who was shown and is kept while the words change."""
    if (person := glimpse.find(key_of(kept))) is not None:
        return Looked(pick, at, person)
    people: QuerySet[Contact] = glimpse.some
    at = max(0, min(at, FURTHEST))
    match pick:
        case Pick.RANDOM:
            return Looked(pick, at, glimpse.anybody())
        case Pick.ASKED:  # gone from the audience
            return Looked(Pick.FIRST, 0, people.order_by("pk").first())
        case Pick.LONGEST:
            found = people.order_by(_length(names).desc(), "pk")
        case Pick.BLANKS:
            found = _with_blanks(people, names).order_by("pk")
        case _:
            found = people.order_by("pk")
    person = found[at : at + 1].first() or (found.first() if at else None)
    return Looked(pick, at if person is not None else 0, person)


def preview(draft: Campaign, glimpse: Glimpse, pick: Pick, at: int, kept: str = "") -> Preview:
    """The message for one person, the sums of the first some, and what to think of."""
    people = glimpse.some
    try:
        script = Script(draft)
        names = frozenset(name for compiled in script.templates() for name in compiled.names)
        for compiled in script.templates():
            composing.check_names(compiled, known_fields(people, compiled.names))
    except composing.TemplateProblem as problem:
        mend = [Advice("Some of its quotes are not those of a keyboard.", Repair.CHARACTERS)]
        return Preview(
            look(glimpse, pick, at, (), kept),
            problem=str(problem),
            advice=mend if repaired(draft.message) != draft.message else [],
        )
    looked = look(glimpse, pick, at, names, kept)
    scripted = script.for_person(looked.person) if looked.person is not None else None
    return Preview(
        looked,
        bubble=bubble(looked.person, scripted) if looked.person is not None and scripted is not None else None,
        told=scripted.metadata if scripted is not None else {},
        typed=count_segments(outside_tags(draft.message)) if draft.message else None,
        merged=_sum(script, people) if draft.message else "",
        data_costs=_data_costs(draft.message, scripted),
        advice=list(_advice(script, draft, people)),
        ways=ways(draft),
        among=f"the first {MOST:,} people" if glimpse.is_cut else "",
    )


def ways(draft: Campaign) -> str:
    """What happens with the message, the trigger and the agent as they are chosen, in words."""
    if not draft.message and draft.trigger is None:
        return ""
    if not draft.agent_enabled:
        if not draft.message:
            return "The agent writes the first text from its task and then stays silent; replies wait for your staff."
        return "Your words stand alone; the agent stays silent and replies wait for your staff."
    if not draft.message:
        return "The agent writes the first text itself, from its task and what it knows, and answers what comes back."
    if draft.trigger is None:
        return "They read your words; the agent answers what comes back."
    return "They read your words, and the agent goes on with its task and what it knows."


def _advice(script: Script, draft: Campaign, people: QuerySet[Contact]) -> Iterable[Advice]:
    if script.message is None:
        return ()
    first_texts = people.filter(last_texted_at=None).exists()
    return advice(draft.message, script.message, script.account.name, first_texts=first_texts)


def _sum(script: Script, people: QuerySet[Contact]) -> str:
    """How many parts the first people would get, in words."""
    parts: Counter[int] = Counter()
    held = 0
    for person in people.order_by("pk")[:SAMPLE]:
        scripted = script.for_person(person)
        if scripted.reason:
            held += 1
        else:
            parts[scripted.segments] += 1
    said = [f"{count:,} × {size} part{'' if size == 1 else 's'}" for size, count in sorted(parts.items())]
    said += [f"{held:,} held back"] if held else []
    looked_at = held + parts.total()
    return f"Of the first {looked_at:,}: {', '.join(said)}" if said else ""


def _data_costs(message: str, scripted: Scripted | None) -> str:
    """Characters of the person's own data that cost, apart from those of the message."""
    if scripted is None or not scripted.text:
        return ""
    own = [one for one in count_segments(scripted.text).costly if one not in message]
    return " ".join(own)


def _length(names: Iterable[str]) -> Any:
    """Characters that the fields put into the message."""
    total: Any = Value(0)
    for name in sorted(names):
        if name == "full_name":
            total = total + Length("first_name") + Length("last_name")
        elif name in composing.PERSON_FIELDS:
            total = total + (Value(0) if name == "business_name" else Length(F(name)))
        else:
            total = total + Coalesce(Length(KeyTextTransform(name, "attributes")), Value(0))
    return total


def _with_blanks(people: QuerySet[Contact], names: Iterable[str]) -> QuerySet[Contact]:
    lacking = [blank(name) for name in sorted(names) if name != "business_name"]
    if not lacking:
        return people.none()
    condition = lacking[0]
    for one in lacking[1:]:
        condition |= one
    return people.filter(condition)
