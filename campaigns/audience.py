"""Who a campaign is for: whom it includes, whom it leaves out, who remains, and why.

Everybody gets one text, however many lists and segments hold them: a number is one contact, and every question here is
a condition on contacts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone

from campaigns import composing
from campaigns.choices import Choice, hours_in_words
from campaigns.models import Account, Campaign, Mode
from campaigns.segmenting import Catalogue, Clock, condition_of
from campaigns.segmenting.compiling import AT_REST, EVERYBODY, OPTED_OUT, any_of, is_simple, keys_of, on_list
from campaigns.segmenting.history import got, replied, texted_since, waiting
from contacts.models import Attribute, Contact, ContactList
from contacts.querysets import ContactQuerySet

# A condition that the database sees; of an empty set Django makes no query at all, which cannot be joined.
NOBODY = ~EVERYBODY
EVERYWHERE = Q()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is in, or left out: the end of a sentence that begins with "those who", and the condition."""

    words: str
    holds: Q


def clock_of(account: Account, at: datetime | None = None) -> Clock:
    """In days of the business: now, or as it was asked at `at`; today is today even then."""
    now, zone = timezone.now(), ZoneInfo(account.time_zone)
    return Clock(at or now, zone, now.astimezone(zone).date())


def audience(campaign: Campaign, at: datetime | None = None) -> ContactQuerySet:
    """Every contact of the campaign, once, with `opted_out` and `at_rest`; by key. Raises QuestionProblem.

    Asked as of `at`, so that whoever looks again sees what has changed since, not that time has passed.
    """
    people = chosen(Choice.of(campaign), clock_of(campaign.agent.account, at))
    return people.with_suppression().with_rest().order_by("pk")


def chosen(choice: Choice, clock: Clock, window: Q = EVERYWHERE) -> ContactQuerySet:
    """The people that remain, as one query. Raises QuestionProblem for a segment that cannot be asked any more.

    `window` bounds their keys, and those of every set that is asked for on the way, so that a look at a few is cheap.
    """
    catalogue = Catalogue.load()
    people = Contact.objects.filter(included_by_any(choice, catalogue, clock, window))
    sets = []
    for reason in excluded(choice, catalogue, clock):
        if is_simple(reason.holds):
            people = people.filter(~reason.holds)
        else:
            sets.append(keys_of(window & reason.holds))
    return Contact.objects.filter(pk__in=people.order_by().values("pk").difference(*sets)) if sets else people


@dataclass(frozen=True, slots=True)
class Explained:
    """One person, and each reason why they are in or left out, as of `Reason.words`."""

    person: Contact
    brought_in: list[str]
    left_out: list[str]
    opted_out: bool
    at_rest: bool

    @property
    def is_in(self) -> bool:
        """Is the person among those who remain?"""
        return bool(self.brought_in) and not self.left_out


def explain(choice: Choice, clock: Clock, people: QuerySet[Contact]) -> list[Explained]:
    """Why each of these few is or is not among the chosen, as one query. Raises QuestionProblem."""
    catalogue = Catalogue.load()
    sources, less = list(included(choice, catalogue, clock)), list(excluded(choice, catalogue, clock))
    asked = {f"reason_{index}": reason.holds for index, reason in enumerate((*sources, *less))}
    asked |= {"is_opted_out": OPTED_OUT, "is_at_rest": AT_REST}
    boolean = BooleanField()
    found = people.annotate(**{name: ExpressionWrapper(holds, output_field=boolean) for name, holds in asked.items()})
    return [_explained(person, sources, less) for person in found]


def _explained(person: Contact, sources: list[Reason], less: list[Reason]) -> Explained:
    held = [getattr(person, f"reason_{index}") for index in range(len(sources) + len(less))]
    words = [
        [reason.words for reason, holds in zip(few, these, strict=True) if holds]
        for few, these in ((sources, held[: len(sources)]), (less, held[len(sources) :]))
    ]
    stopped: Any = person  # annotated
    return Explained(person, words[0], words[1], stopped.is_opted_out, stopped.is_at_rest)


def drafts_that_need(lists: QuerySet[ContactList]) -> list[Campaign]:
    """The drafts that would include, or leave out, other people if these lists went."""
    of_any = Q(lists__in=lists) | Q(excluded_lists__in=lists)
    return list(Campaign.objects.filter(of_any, status__in=Campaign.EDITABLE).distinct())


def drafts_that_name(people: QuerySet[Contact]) -> list[tuple[Campaign, Contact]]:
    """The drafts in which any of these people stand one by one, to be texted or left out, each with the person."""
    drafts = Campaign.objects.filter(status__in=Campaign.EDITABLE)
    named = {
        (draft, person)
        for name in ("people", "excluded_people")
        for draft in drafts.filter(**{f"{name}__in": people}).distinct()
        for person in getattr(draft, name).filter(pk__in=people)
    }
    return sorted(named, key=lambda pair: (pair[0].pk, pair[1].pk))


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
        yield Reason(f"had a text in the last {hours_in_words(choice.rest_hours)}", texted_since(since))
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


def included_by_any(choice: Choice, catalogue: Catalogue, clock: Clock, window: Q = EVERYWHERE) -> Q:
    """At least one of `included` holds, in the window."""
    return any_of([window & holds for holds in sources(choice, catalogue, clock)] or [NOBODY])


def sources(choice: Choice, catalogue: Catalogue, clock: Clock) -> list[Q]:
    """The conditions of `included`, but that all lists are asked for at once. Raises QuestionProblem."""
    conditions = [reason.holds for reason in included(replace(choice, lists=()), catalogue, clock)]
    if choice.lists:
        conditions.append(on_list(*(one.pk for one in choice.lists)))
    return conditions
