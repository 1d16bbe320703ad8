"""The fields that a message to some people may name, each with an example and how many of them have none."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Func, Q, QuerySet

from campaigns.composing import PERSON_FIELDS, is_blank
from campaigns.scripts import values_of
from contacts.models import Attribute, Contact

EXAMPLES_FROM = 50
MOST_COLUMNS = 200
LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "Full name",
    "email": "E-mail",
    "company": "Company",
    "phone": "Number",
    "business_name": "Name of the business",
}


@dataclass(frozen=True, slots=True)
class MergeField:
    """One field; `blank` of the `of` people that were looked at have nothing there."""

    name: str
    label: str
    example: str
    blank: int
    of: int


def choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Names and labels to choose from: what everybody has, and the columns of the business's own."""
    own = Attribute.objects.exclude(name__in=PERSON_FIELDS).values_list("name", "label")
    return [(name, LABELS[name]) for name in PERSON_FIELDS], list(own)


def merge_fields(people: QuerySet[Contact], business_name: str) -> list[MergeField]:
    """What the people have, the columns of the business's own after the others."""
    labels = dict(LABELS) | _columns(people)
    # Aliases that no column has, whatever it is called.
    counts = people.order_by().aggregate(
        of=Count("pk"), **{f"blank_{index}": Count("pk", filter=blank(name)) for index, name in enumerate(labels)}
    )
    shown = [values_of(person, business_name) for person in people.order_by("pk")[:EXAMPLES_FROM]]
    return [
        MergeField(name, label, _example(shown, name), counts[f"blank_{index}"], counts["of"])
        for index, (name, label) in enumerate(labels.items())
    ]


def blank(name: str) -> Q:
    """Who has nothing there."""
    if name == "business_name":
        return Q(pk__in=[])
    if name == "full_name":
        return Q(first_name="", last_name="")
    if name in PERSON_FIELDS:
        return Q(**{name: ""})
    has = Q(attributes__has_key=name)
    return ~has | Q(**{f"attributes__{name}": None}) | Q(**{f"attributes__{name}": ""})


def _columns(people: QuerySet[Contact]) -> dict[str, str]:
    """Of the columns of the business's own those that any of the people have, and what else stands with them."""
    keys = people.order_by().values_list(Func(F("attributes"), function="jsonb_object_keys"), flat=True).distinct()
    found = set(keys[:MOST_COLUMNS])
    labelled = {name: label for name, label in choices()[1] if name in found}
    return labelled | {name: name for name in sorted(found - set(labelled) - set(PERSON_FIELDS))}


def _example(shown: Iterable[object], name: str) -> str:
    for values in shown:
        value = values.get(name) if isinstance(values, dict) else None
        if not is_blank(value):
            return str(value)
    return ""
