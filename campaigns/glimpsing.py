"""A look at some of an audience, for whoever writes to it: no million people are asked anything.

The audience is walked in the order of its keys, in windows that grow, until enough are found.
"""

import random
from functools import cached_property

from django.db.models import Max, Min, Q
from django.db.models.expressions import RawSQL

from campaigns.audience import chosen
from campaigns.choices import Choice
from campaigns.segmenting import Clock, QuestionProblem
from contacts.models import Contact
from contacts.querysets import ContactQuerySet

# People that are looked at.
MOST = 20_000
# Contacts of the first window: for each of the people that are wanted, and at least.
SPARE, LEAST = 4, 1_000
LAST_KEY = 2**63 - 1


class Glimpse:
    """Some of the chosen; nobody where a segment cannot be asked any more."""

    def __init__(self, choice: Choice, clock: Clock) -> None:
        self._choice, self._clock = choice, clock

    @cached_property
    def some(self) -> ContactQuerySet:
        """The first of them, in the order of their keys."""
        return Contact.objects.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [self._keys])).order_by("pk")

    @property
    def is_cut(self) -> bool:
        """May there be more than these?"""
        return len(self._keys) == MOST

    def find(self, key: int) -> Contact | None:
        """The person, if they are among the chosen, the first or not."""
        return next(iter(Contact.objects.filter(pk__in=self._walk(key - 1, 1, key))), None)

    def anybody(self) -> Contact | None:
        """One of all of them, by chance: where they are many, the next one after a random key."""
        if not self.is_cut:
            return Contact.objects.filter(pk=random.choice(self._keys)).first() if self._keys else None  # noqa: S311
        ends = Contact.objects.aggregate(first=Min("pk"), last=Max("pk"))
        after = random.randint(ends["first"], ends["last"]) - 1  # noqa: S311  # nothing secret
        return Contact.objects.filter(pk__in=self._walk(after, 1) or self._keys[:1]).first()

    @cached_property
    def _keys(self) -> list[int]:
        return self._walk(0, MOST)

    def _walk(self, after: int, wanted: int, upto: int = LAST_KEY) -> list[int]:
        """The first keys of the chosen after `after`."""
        found: list[int] = []
        width = max(SPARE * wanted, LEAST)
        while after < upto and len(found) < wanted:
            ends = Contact.objects.filter(pk__gt=after, pk__lte=upto).order_by("pk").values_list("pk", flat=True)
            last = next(iter(ends[width - 1 : width]), upto)
            found += self._between(after, last, wanted - len(found))
            after, width = last, SPARE * width
        return found

    def _between(self, after: int, last: int, wanted: int) -> list[int]:
        try:
            people = chosen(self._choice, self._clock, Q(pk__gt=after, pk__lte=last))
        except QuestionProblem:
            return []
        return list(people.order_by("pk").values_list("pk", flat=True)[:wanted])
