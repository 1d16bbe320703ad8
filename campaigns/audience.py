"""Who a campaign is for: whom it includes, whom it leaves out, and how many remain at each step.

Everybody gets one text, however many lists and segments hold them: a number is one contact, and every question here is
a condition on contacts.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone

from campaigns import composing
from campaigns.models import Account, Campaign, Mode, Segment
from campaigns.segmenting import Catalogue, Clock, condition_of
from campaigns.segmenting.compiling import OPTED_OUT, any_of, is_simple, keys_of, on_list
from campaigns.segmenting.history import got, replied, texted_since, waiting
from contacts.models import Attribute, Contact, ContactList
from contacts.querysets import ContactQuerySet

NOBODY = Q(pk__in=[])
MOST_NAMED = 10  # single people told by name


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom somebody chose, saved or not yet."""

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

    @property
    def is_empty(self) -> bool:
        """Is nobody included yet?"""
        return not (self.lists or self.segments or self.people)


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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is in, or left out: the end of a sentence that begins with "those who", and the condition."""

    words: str
    holds: Q


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the sum: in words, and how many people it holds, or takes away."""

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
    sample: list[Contact] = field(default_factory=list)


def clock_of(account: Account, at: datetime | None = None) -> Clock:
    """In days of the business: now, or as it was asked at `at`; today is today even then."""
    now, zone = timezone.now(), ZoneInfo(account.time_zone)
    return Clock(at or now, zone, now.astimezone(zone).date())


def audience(campaign: Campaign, at: datetime | None = None) -> ContactQuerySet:
    """Every contact of the campaign, once, with `opted_out`; in the order of their keys. Raises QuestionProblem.

    Asked as of `at`, so that whoever looks again sees what has changed since, not that time has passed.
    """
    return chosen(Choice.of(campaign), clock_of(campaign.agent.account, at)).with_suppression().order_by("pk")


def chosen(choice: Choice, clock: Clock) -> ContactQuerySet:
    """The people that remain, as one query. Raises QuestionProblem for a segment that cannot be asked any more."""
    catalogue = Catalogue.load()
    people = Contact.objects.filter(_included_by_any(choice, catalogue, clock))
    sets = []
    for reason in excluded(choice, catalogue, clock):
        if is_simple(reason.holds):
            people = people.filter(~reason.holds)
        else:
            sets.append(keys_of(reason.holds))
    return Contact.objects.filter(pk__in=people.order_by().values("pk").difference(*sets)) if sets else people


def count(choice: Choice, clock: Clock, sample: int = 5) -> Counted:
    """The sum, step by step. Raises QuestionProblem."""
    catalogue = Catalogue.load()
    sources = list(included(choice, catalogue, clock))
    everybody = Contact.objects.filter(_included_by_any(choice, catalogue, clock))
    remaining = chosen(choice, clock)
    steps = [Step(reason.words, Contact.objects.filter(reason.holds).count()) for reason in sources]
    less = [Step(one.words, everybody.filter(one.holds).count()) for one in excluded(choice, catalogue, clock)]
    before = steps[0].people if len(steps) == 1 else everybody.count()
    return Counted(
        included=steps,
        excluded=less,
        before=before,
        remain=remaining.count() if less else before,
        opted_out=remaining.filter(OPTED_OUT).count(),
        sample=list(remaining.order_by("pk")[:sample]),
    )


@dataclass(frozen=True, slots=True)
class Explained:
    """One person, and each reason why they are in or left out, as of `Reason.words`."""

    person: Contact
    brought_in: list[str]
    left_out: list[str]
    opted_out: bool

    @property
    def is_in(self) -> bool:
        """Is the person among those who remain?"""
        return bool(self.brought_in) and not self.left_out


def explain(choice: Choice, clock: Clock, people: QuerySet[Contact]) -> list[Explained]:
    """Why each of these few is or is not among the chosen, as one query. Raises QuestionProblem."""
    catalogue = Catalogue.load()
    sources, less = list(included(choice, catalogue, clock)), list(excluded(choice, catalogue, clock))
    asked = {f"reason_{index}": reason.holds for index, reason in enumerate((*sources, *less))}
    asked["is_opted_out"] = OPTED_OUT
    boolean = BooleanField()
    found = people.annotate(**{name: ExpressionWrapper(holds, output_field=boolean) for name, holds in asked.items()})
    return [_explained(person, sources, less) for person in found]


def _explained(person: Contact, sources: list[Reason], less: list[Reason]) -> Explained:
    held = [getattr(person, f"reason_{index}") for index in range(len(sources) + len(less))]
    words = [
        [reason.words for reason, holds in zip(few, these, strict=True) if holds]
        for few, these in ((sources, held[: len(sources)]), (less, held[len(sources) :]))
    ]
    return Explained(person, words[0], words[1], person.is_opted_out)  # type: ignore[attr-defined]  # an annotation


def audience_in_words(campaign: Campaign) -> str:
    """Whom it includes and leaves out, as one line."""
    return in_words(Choice.of(campaign))


def in_words(choice: Choice, *, by_name: bool = False) -> str:
    """Whom it includes and leaves out, as one line; single people `by_name`, or how many."""
    single = _named if by_name else _single
    names = [str(one) for one in (*choice.lists, *choice.segments)]
    names += [single(choice.people)] if choice.people else []
    less = [str(one) for one in (*choice.excluded_lists, *choice.excluded_segments)]
    less += [single(choice.excluded_people)] if choice.excluded_people else []
    less += [f"who had a text within {_hours(choice.rest_hours)}"] if choice.rest_hours else []
    less += ["who have an open conversation"] if choice.skip_open_conversations else []
    less += [f"who got “{one}”" for one in choice.excluded_recipients]
    less += [f"who got “{one}” and did not reply" for one in choice.excluded_silent]
    return (", ".join(names) or "nobody yet") + (f"; without {', '.join(less)}" if less else "")


def drafts_that_need(lists: QuerySet[ContactList]) -> list[Campaign]:
    """The drafts that would include, or leave out, other people if these lists went."""
    of_any = Q(lists__in=lists) | Q(excluded_lists__in=lists)
    return list(Campaign.objects.filter(of_any, status__in=Campaign.EDITABLE).distinct())


def known_fields(people: QuerySet[Contact], names: Iterable[str]) -> set[str]:
    """Of what a template may name: fields, columns of the business, and those of `names` that some of `people` have."""
    known = {*composing.PERSON_FIELDS, *Attribute.objects.values_list("name", flat=True)}
    return known | {name for name in set(names) - known if people.filter(attributes__has_key=name).exists()}


def included(choice: Choice, catalogue: Catalogue, clock: Clock) -> Iterator[Reason]:
    """Each thing that brings people in. Raises QuestionProblem."""
    for one in choice.lists:
        yield Reason(f"are on {one}", on_list(one.pk))
    for segment in choice.segments:
        yield Reason(f"are in {segment}", condition_of(segment, catalogue, clock))
    if choice.people:
        yield Reason("are named one by one", Q(pk__in=[person.pk for person in choice.people]))


def excluded(choice: Choice, catalogue: Catalogue, clock: Clock) -> Iterator[Reason]:
    """Each thing that leaves people out. Raises QuestionProblem."""
    for one in choice.excluded_lists:
        yield Reason(f"are on {one}", on_list(one.pk))
    for segment in choice.excluded_segments:
        yield Reason(f"are in {segment}", condition_of(segment, catalogue, clock))
    if choice.excluded_people:
        yield Reason("are left out one by one", Q(pk__in=[person.pk for person in choice.excluded_people]))
    if choice.rest_hours:
        since = clock.now - timedelta(hours=choice.rest_hours)
        yield Reason(f"had a text in the last {_hours(choice.rest_hours)}", texted_since(since))
        # They will have had one by the time that ours arrives.
        yield Reason("have another text waiting to be sent", waiting())
    if choice.skip_open_conversations:
        yield Reason("have an open conversation", Q(conversation_open=True))
    for campaign in choice.excluded_recipients:
        yield Reason(f"got “{campaign}”", got(campaign.pk) if _counts(campaign) else NOBODY)
    for campaign in choice.excluded_silent:
        silent = got(campaign.pk) & ~replied(campaign.pk) if _counts(campaign) else NOBODY
        yield Reason(f"got “{campaign}” and did not reply", silent)


def _counts(campaign: Campaign) -> bool:
    """Is it history of the mode that we are in (promise 7)?"""
    return campaign.mode == Mode.current()


def _included_by_any(choice: Choice, catalogue: Catalogue, clock: Clock) -> Q:
    """At least one of `included` holds; all lists are asked for at once."""
    conditions = [reason.holds for reason in included(replace(choice, lists=()), catalogue, clock)]
    if choice.lists:
        conditions.append(on_list(*(one.pk for one in choice.lists)))
    return any_of(conditions) if conditions else NOBODY


def _single(people: Collection[Contact]) -> str:
    return f"{len(people)} single {'person' if len(people) == 1 else 'people'}"


def _named(people: Collection[Contact]) -> str:
    names = sorted(str(person) for person in people)
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _hours(hours: int) -> str:
    if hours % 24 == 0:
        return "day" if hours == 24 else f"{hours // 24} days"
    return "hour" if hours == 1 else f"{hours} hours"
