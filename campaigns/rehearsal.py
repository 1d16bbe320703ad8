"""What exactly would go out: every text rendered, every person held back with the reason, kept as a snapshot."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction

from campaigns import law
from campaigns.audience import audience
from campaigns.composing import TemplateProblem
from campaigns.contracts import facts_of
from campaigns.models import Campaign, Rehearsal, RehearsedText
from campaigns.places import whereabouts
from campaigns.planning import Plan
from campaigns.scripts import Script
from campaigns.segmenting import QuestionProblem

Outcome = RehearsedText.Outcome
BATCH = 2_000


class CannotRehearse(ValueError):
    """The campaign is not ready; the text is a sentence for the person who wrote it."""


def rehearse(campaign: Campaign, by: Any = None) -> Rehearsal:
    """Render the whole audience as of now and keep it; older snapshots of the campaign go.

    Raises CannotRehearse for a template problem, a segment that cannot be asked or an empty audience.
    """
    try:
        return _rehearsed(Script.checked(campaign), by)
    except (QuestionProblem, TemplateProblem) as problem:
        raise CannotRehearse(str(problem)) from problem


def _rehearsed(script: Script, by: Any) -> Rehearsal:
    campaign = script.campaign
    with transaction.atomic():
        campaign.rehearsals.all().delete()
        rehearsal = Rehearsal.objects.create(campaign=campaign, created_by=by)
        rehearsal.fingerprint = fingerprint(campaign, rehearsal.created_at)
        every = _texts(script, rehearsal)
        while texts := list(islice(every, BATCH)):
            RehearsedText.objects.bulk_create(texts)
            going = [text for text in texts if text.outcome == Outcome.WILL_SEND]
            rehearsal.will_send += len(going)
            rehearsal.held_back += len(texts) - len(going)
            rehearsal.segments += sum(text.segments for text in going)
        if rehearsal.will_send + rehearsal.held_back == 0:
            raise CannotRehearse("Nobody is in this audience. Choose another list or segment, or leave fewer out.")
        rehearsal.save()
    return rehearsal


def _texts(script: Script, rehearsal: Rehearsal) -> Iterator[RehearsedText]:
    """One row for every person of the audience."""
    campaign, now = script.campaign, rehearsal.created_at
    people = audience(campaign, now)
    plan = Plan(campaign, now, people.count())
    for place, contact in enumerate(people.iterator(chunk_size=BATCH)):
        scripted = script.for_person(contact, opted_out=contact.opted_out)
        text = RehearsedText(
            rehearsal=rehearsal,
            contact=contact,
            phone=contact.phone,
            outcome=scripted.outcome,
            reason=scripted.reason,
            text=scripted.text,
            metadata=scripted.metadata,
            segments=scripted.segments,
        )
        if scripted.outcome == Outcome.WILL_SEND:
            slot = plan.slot(whereabouts(contact.phone, contact.time_zone), place)
            text.due_at, text.window_ends_at = slot.due_at, slot.window_ends_at
            if slot.reason:
                text.outcome = Outcome.TOO_LATE if slot.too_late else Outcome.NO_HOUR
                text.reason, text.text, text.metadata = slot.reason, "", {}
        yield text


def current(campaign: Campaign) -> Rehearsal | None:
    """The newest snapshot if nothing that it was made from has changed since."""
    rehearsal = campaign.rehearsals.first()
    if rehearsal is None:
        return None
    try:
        return rehearsal if rehearsal.fingerprint == fingerprint(campaign, rehearsal.created_at) else None
    except QuestionProblem:  # a list or column that a segment asks for went meanwhile
        return None


def fingerprint(campaign: Campaign, at: datetime) -> str:
    """A hash of all that decides the texts: campaign, agent, account's hours, audience as of `at` and its opt-outs."""
    account = campaign.agent.account
    facts = [
        campaign.message,
        campaign.trigger.phrase if campaign.trigger else "",
        campaign.metadata,
        facts_of(campaign.trigger),
        campaign.agent_enabled,
        campaign.any_hour,
        _instant(campaign.scheduled_at),
        campaign.each_own_clock,
        campaign.spread_minutes,
        _instant(campaign.expires_at),
        campaign.agent.agent_id,
        account.name,
        [str(window) for window in account.windows.all()],
        law.digest(),
        account.time_zone,
        account.region,
        _audience_digest(campaign, at),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _instant(at: datetime | None) -> str:
    """The same for the same moment, on whatever clock a form has read it."""
    return at.astimezone(UTC).isoformat() if at else ""


def _audience_digest(campaign: Campaign, at: datetime) -> str:
    columns = ("pk", "updated_at", "opted_out")  # the last is an annotation
    people = audience(campaign, at).order_by().values(*columns)
    query, parameters = people.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            # A sum of hashes does not depend on the order, so nothing is sorted.
            f"SELECT count(*), coalesce(sum(hashtextextended(person::text, 0)), 0) FROM ({query}) AS person",  # noqa: S608
            parameters,
        )
        count, digest = cursor.fetchone()
    return f"{count}:{digest}"
