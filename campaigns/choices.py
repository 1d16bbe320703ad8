"""Whom somebody chose, saved or not yet: what it holds, in words, and as the query of an address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.models import Campaign, Segment
from contacts.keys import key_of
from contacts.models import Contact, ContactList

MANY = (
    "lists",
    "segments",
    "people",
    "excluded_lists",
    "excluded_segments",
    "excluded_people",
    "excluded_recipients",
    "excluded_silent",
)
MOST_NAMED = 10  # single people told by name
LONGEST_REST = 240_000  # hours; as many days as the form takes


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom somebody chose; what is in it means people only together with a clock (`campaigns.audience`)."""

    lists: Collection[ContactList] = ()
    segments: Collection[Segment] = ()
    people: Collection[Contact] = ()
    excluded_lists: Collection[ContactList] = ()
    excluded_segments: Collection[Segment] = ()
    excluded_people: Collection[Contact] = ()
    excluded_recipients: Collection[Campaign] = ()
    excluded_silent: Collection[Campaign] = ()
    rest_hours: int | None = None
    skip_open_conversations: bool = False

    @classmethod
    def of(cls, campaign: Campaign) -> "Choice":
        """As the campaign has it."""
        many: dict[str, Any] = {name: list(getattr(campaign, name).all()) for name in MANY}
        return cls(**many, rest_hours=campaign.rest_hours, skip_open_conversations=campaign.skip_open_conversations)

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Choice":
        """As `as_query` wrote it; what has gone since, or is no key, is left out."""
        many: dict[str, Any] = {name: _found(name, query.get(name, "")) for name in MANY}
        return cls(
            **many,
            rest_hours=min(key_of(query.get("rest_hours")), LONGEST_REST) or None,
            skip_open_conversations=query.get("skip_open_conversations") == "1",
        )

    def as_query(self) -> dict[str, str]:
        """By keys, for an address."""
        found = {name: ".".join(str(one.pk) for one in getattr(self, name)) for name in MANY}
        found["rest_hours"] = str(self.rest_hours or "")
        found["skip_open_conversations"] = "1" if self.skip_open_conversations else ""
        return {name: said for name, said in found.items() if said}

    @property
    def is_empty(self) -> bool:
        """Is nobody included yet?"""
        return not (self.lists or self.segments or self.people)


def in_words(choice: Choice, *, by_name: bool = False) -> str:
    """Whom it includes and leaves out, as one line; single people `by_name`, or how many."""
    single = _named if by_name else _single
    names = [str(one) for one in (*choice.lists, *choice.segments)]
    names += [single(choice.people)] if choice.people else []
    less = [str(one) for one in (*choice.excluded_lists, *choice.excluded_segments)]
    less += [single(choice.excluded_people)] if choice.excluded_people else []
    less += [f"who had a text within {hours_in_words(choice.rest_hours)}"] if choice.rest_hours else []
    less += ["who have an open conversation"] if choice.skip_open_conversations else []
    less += [f"who got “{one}”" for one in choice.excluded_recipients]
    less += [f"who got “{one}” and did not reply" for one in choice.excluded_silent]
    return (", ".join(names) or "nobody yet") + (f"; without {', '.join(less)}" if less else "")


def hours_in_words(hours: int) -> str:
    """Day, 3 days, hour, 5 hours."""
    if hours % 24 == 0:
        return "day" if hours == 24 else f"{hours // 24} days"
    return "hour" if hours == 1 else f"{hours} hours"


def _found(name: str, keys: str) -> list[Any]:
    model: Any = Campaign._meta.get_field(name).related_model
    chosen = [key for said in keys.split(".") if (key := key_of(said))]
    return list(model.objects.filter(pk__in=chosen)) if chosen else []


def _single(people: Collection[Contact]) -> str:
    return f"{len(people)} single {'person' if len(people) == 1 else 'people'}"


def _named(people: Collection[Contact]) -> str:
    names = sorted(str(person) for person in people)
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
