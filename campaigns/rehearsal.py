"""What exactly would go out: every text rendered, every person held back with the reason, kept as a snapshot."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from campaigns import composing, timing
from campaigns.audience import audience, known_fields
from campaigns.models import Campaign, Rehearsal, RehearsedText
from campaigns.models.campaigns import MAX_TEXT_LENGTH
from campaigns.segmenting import QuestionProblem
from campaigns.sms_parts import count_segments
from contacts.models import Contact
from contacts.phones import parse_phone

Outcome = RehearsedText.Outcome
BATCH = 2_000


class CannotRehearse(ValueError):
    """The campaign is not ready; the text is a sentence for the person who wrote it."""


def rehearse(campaign: Campaign, by: Any = None) -> Rehearsal:
    """Render the whole audience as of now and keep it; older snapshots of the campaign go.

    Raises CannotRehearse for a template problem, a segment that cannot be asked or an empty audience.
    """
    try:
        return _rehearsed(Script.of(campaign), by)
    except QuestionProblem as problem:
        raise CannotRehearse(str(problem)) from problem


def _rehearsed(script: "Script", by: Any) -> Rehearsal:
    campaign, now = script.campaign, timezone.now()
    with transaction.atomic():
        campaign.rehearsals.all().delete()
        rehearsal = Rehearsal.objects.create(campaign=campaign, fingerprint=fingerprint(campaign), created_by=by)
        every = script.texts(rehearsal, now)
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


def current(campaign: Campaign) -> Rehearsal | None:
    """The newest snapshot if nothing that it was made from has changed since."""
    rehearsal = campaign.rehearsals.first()
    try:
        return rehearsal if rehearsal is not None and rehearsal.fingerprint == fingerprint(campaign) else None
    except QuestionProblem:  # a list or column that a segment asks for went meanwhile
        return None


class Script:
    """A campaign's texts, compiled and checked once, rendered for one contact after the other."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.account = campaign.agent.account
        self.message = composing.compile_text(campaign.message) if campaign.message else None
        self.metadata: dict[str, composing.Compiled | Any] = {
            key: composing.compile_text(value) if isinstance(value, str) else value
            for key, value in campaign.metadata.items()
        }

    @classmethod
    def of(cls, campaign: Campaign) -> "Script":
        """The checked script. Raises CannotRehearse."""
        try:
            script = cls(campaign)
            names = {name for compiled in script.templates() for name in compiled.names}
            known = known_fields(audience(campaign), names)
            for compiled in script.templates():
                composing.check_names(compiled, known)
        except composing.TemplateProblem as problem:
            raise CannotRehearse(str(problem)) from problem
        return script

    def templates(self) -> Iterator[composing.Compiled]:
        """The message's template and those of the metadata."""
        if self.message is not None:
            yield self.message
        yield from (value for value in self.metadata.values() if isinstance(value, composing.Compiled))

    def texts(self, rehearsal: Rehearsal, now: datetime) -> Iterator[RehearsedText]:
        """One row for every person of the audience."""
        begin = max(now, self.campaign.scheduled_at) if self.campaign.scheduled_at else now
        for contact in audience(self.campaign).iterator(chunk_size=BATCH):
            text = self.text_for(contact, opted_out=contact.opted_out)
            text.rehearsal = rehearsal
            self._time(text, contact, begin)
            yield text

    def text_for(self, contact: Contact, *, opted_out: bool) -> RehearsedText:
        """What this person would get, or why they would not."""
        text = RehearsedText(contact=contact, phone=contact.phone, outcome=Outcome.WILL_SEND)
        if opted_out:
            return _held_back(text, Outcome.OPTED_OUT, "This number has opted out.")
        if not parse_phone(contact.phone, None).can_receive_texts:
            return _held_back(text, Outcome.CANNOT_RECEIVE, "This kind of number cannot receive texts.")
        values = values_of(contact, self.account.name)
        try:
            text.text = self.message.render(values).strip() if self.message else ""
            text.metadata = {
                key: value.render(values) if isinstance(value, composing.Compiled) else value
                for key, value in self.metadata.items()
            }
        except (composing.HeldBack, composing.TemplateProblem) as problem:
            return _held_back(text, Outcome.BLANK_VALUE, str(problem))
        if self.message and not text.text:
            return _held_back(text, Outcome.BLANK_VALUE, "The message would be empty for this person.")
        if len(text.text) > MAX_TEXT_LENGTH:
            length = len(text.text)
            return _held_back(text, Outcome.TOO_LONG, f"{length} characters; at most {MAX_TEXT_LENGTH} can be sent.")
        text.segments = count_segments(text.text).parts if text.text else 0
        return text

    def _time(self, text: RehearsedText, contact: Contact, begin: datetime) -> None:
        text.due_at = begin
        if not self.campaign.any_hour:
            window = timing.window_for(begin, contact.phone, contact.time_zone, self.account)
            text.due_at, text.window_ends_at = window.opens, window.closes


def values_of(contact: Contact, business_name: str) -> Mapping[str, object]:
    """What a template sees of a person: no blank values, so that a fallback or the hold-back takes their place."""
    values: dict[str, object] = dict(contact.attributes)
    values |= {name: getattr(contact, name, "") for name in composing.PERSON_FIELDS}
    values["business_name"] = business_name
    return {name: value for name, value in values.items() if value is not None and str(value).strip()}


def fingerprint(campaign: Campaign) -> str:
    """A hash of all that decides the texts: campaign, agent, account's hours, audience and its opt-outs."""
    account = campaign.agent.account
    facts = [
        campaign.message,
        campaign.trigger.phrase if campaign.trigger else "",
        campaign.metadata,
        campaign.agent_enabled,
        campaign.any_hour,
        str(campaign.scheduled_at),
        str(campaign.expires_at),
        campaign.agent.agent_id,
        account.name,
        str(account.window_opens),
        str(account.window_closes),
        account.time_zone,
        _audience_digest(campaign),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _audience_digest(campaign: Campaign) -> str:
    people = audience(campaign).order_by().values("pk", "updated_at", "opted_out")  # type: ignore[misc]  # an annotation
    query, parameters = people.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            # A sum of hashes does not depend on the order, so nothing is sorted.
            f"SELECT count(*), coalesce(sum(hashtextextended(person::text, 0)), 0) FROM ({query}) AS person",  # noqa: S608
            parameters,
        )
        count, digest = cursor.fetchone()
    return f"{count}:{digest}"


def _held_back(text: RehearsedText, outcome: RehearsedText.Outcome, reason: str) -> RehearsedText:
    text.outcome, text.reason = outcome, reason
    text.text, text.metadata = "", {}
    return text
