"""What exactly would go out: every text rendered, every person held back with the reason, kept as a snapshot.

A snapshot is made some thousand people a transaction, each of which ends with the last of them, so a worker that comes
after a dead one goes on there. `campaigns.background` has the jobs.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.audience import audience
from campaigns.composing import TemplateProblem
from campaigns.fingerprints import changes, facts, fingerprint
from campaigns.hours_wording import moment
from campaigns.models import Campaign, Rehearsal
from campaigns.scripts import Script
from campaigns.segmenting import QuestionProblem
from campaigns.snapshotting import Stage, forget, write
from campaigns.summaries import Summary
from contacts.models import Contact

Status = Rehearsal.Status
Report = Callable[[int], object]
BATCH = 5_000
# So many people are rehearsed while somebody waits for the page; more are a job.
AT_ONCE = 2_000
# Several batches' time: whoever works on a rehearsal says so at each of them.
SILENT_FOR = timedelta(seconds=20)
REPLACED = "This rehearsal was canceled or replaced by a newer one."


class CannotRehearse(ValueError):
    """The campaign is not ready; the text is a sentence for the person who wrote it."""


def rehearse(campaign: Campaign, by: Any = None, report: Report | None = None) -> Rehearsal:
    """Render the whole audience as of now and keep it; older snapshots of the campaign go.

    Raises CannotRehearse for a template problem, a segment that cannot be asked or an empty audience.
    """
    return work(start(campaign, by), report)


def start(campaign: Campaign, by: Any = None) -> Rehearsal:
    """A rehearsal that waits for `work`. Raises CannotRehearse."""
    now = timezone.now()
    try:
        Script.checked(campaign)
        found = facts(campaign, now)
    except (QuestionProblem, TemplateProblem) as problem:
        raise CannotRehearse(str(problem)) from problem
    total = found["people"][0]
    if not total:
        raise CannotRehearse("Nobody is in this audience. Choose another list or segment, or leave fewer out.")
    with transaction.atomic():
        # An approval was of the older snapshot.
        Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.APPROVED).update(status=Campaign.Status.DRAFT)
        Rehearsal.objects.filter(campaign=campaign.pk, status=Status.WORKING).update(status=Status.CANCELED)
        return Rehearsal.objects.create(
            campaign=campaign,
            created_by=by,
            created_at=now,
            facts=found,
            fingerprint=fingerprint(found),
            total=total,
            status=Status.WORKING,
        )


def work(rehearsal: Rehearsal, report: Report | None = None) -> Rehearsal:
    """Go on where the snapshot stands until it is whole; what ended meanwhile is left alone.

    Raises CannotRehearse, which is also written down.
    """
    rehearsal.refresh_from_db()
    if rehearsal.status == Status.DONE:
        return rehearsal
    campaign = rehearsal.campaign
    forget(list(campaign.rehearsals.filter(pk__lt=rehearsal.pk).values_list("pk", flat=True)))
    try:
        stage = Stage(rehearsal, Script.checked(campaign))
        people = audience(campaign, rehearsal.created_at).filter(pk__gt=rehearsal.through)
        every = people.iterator(chunk_size=BATCH)
        while batch := list(islice(every, BATCH)):
            if not _write_down(rehearsal, stage, batch):
                raise CannotRehearse(REPLACED)
            if report is not None:
                report(len(batch))
    except (QuestionProblem, TemplateProblem) as problem:
        _working(rehearsal).update(status=Status.FAILED, problem=str(problem), finished_at=timezone.now())
        raise CannotRehearse(str(problem)) from problem
    _working(rehearsal).update(status=Status.DONE, finished_at=timezone.now())
    rehearsal.refresh_from_db()
    return rehearsal


def cancel(rehearsal: Rehearsal) -> bool:
    """Stop it; False if it had ended. Nothing was sent by it, so nothing is lost but the work."""
    return bool(_working(rehearsal).update(status=Status.CANCELED, finished_at=timezone.now()))


def silent() -> Iterator[int]:
    """Rehearsals whose worker died or whose job was lost; each is claimed by whoever is told of it."""
    now = timezone.now()
    found = Rehearsal.objects.filter(status=Status.WORKING, touched_at__lt=now - SILENT_FOR)
    for pk in list(found.values_list("pk", flat=True)):
        if found.filter(pk=pk).update(touched_at=now):
            yield pk


def current(campaign: Campaign) -> Rehearsal | None:
    """The newest snapshot if it is whole, and nothing that it was made from has changed since."""
    rehearsal = campaign.rehearsals.first()
    return rehearsal if rehearsal is not None and not changed(campaign, rehearsal) else None


def changed(campaign: Campaign, rehearsal: Rehearsal) -> list[str]:
    """Why this snapshot does not stand any more, in sentences; empty if it does."""
    if rehearsal.status != Status.DONE:
        return [f"The rehearsal did not come to its end: {rehearsal.get_status_display().lower()}."]
    try:
        now = facts(campaign, rehearsal.created_at)
    except QuestionProblem as problem:  # a list or column that a segment asks for went meanwhile
        return [str(problem)]
    if rehearsal.fingerprint == fingerprint(now):
        return _overtaken(campaign, rehearsal)
    return changes(rehearsal.facts, now) or ["Something that decides the texts has changed."]


def holds_until(campaign: Campaign, rehearsal: Rehearsal) -> datetime | None:
    """When it lapses though nobody changes anything (UTC): its first send window closes, or its spread is over.

    None: never, since its texts leave at any hour.
    """
    summary = Summary.of(rehearsal.summary)
    ends = [summary.first_close, summary.last_due if campaign.spread_minutes else ""]
    return min((datetime.fromisoformat(end) for end in ends if end), default=None)


def lapsed_approvals(campaigns: Iterable[Campaign]) -> set[int]:
    """Of these approved drafts, with their accounts, the keys of those whose rehearsal's hours are over."""
    approved = {one.pk: one for one in campaigns}
    newest = Rehearsal.objects.filter(campaign__in=approved).order_by("campaign_id", "-pk").distinct("campaign_id")
    return {one.campaign_id for one in newest.defer("facts") if is_over(approved[one.campaign_id], one)}


def is_over(campaign: Campaign, rehearsal: Rehearsal) -> bool:
    """Are its hours over?"""
    end = holds_until(campaign, rehearsal)
    return end is not None and end <= timezone.now()


def _overtaken(campaign: Campaign, rehearsal: Rehearsal) -> list[str]:
    """Times that were rehearsed and are over, so that the launch would be another than was seen."""
    end = holds_until(campaign, rehearsal)
    if end is None or timezone.now() < end:
        return []
    return [
        f"Its hours are over since {moment(end, campaign.agent.account)}: these texts would leave at other hours than "
        "were rehearsed. Nobody has changed anything else."
    ]


def _write_down(rehearsal: Rehearsal, stage: Stage, people: list[Contact]) -> bool:
    """One batch and what it adds up to; False where the rehearsal ended, or another worker has done it."""
    summary = Summary.of(rehearsal.summary)
    lines = list(stage.lines(people, rehearsal.done, summary))
    summary.trim()
    will_send = summary.outcomes["will_send"]
    held_back = summary.outcomes.total() - will_send
    with transaction.atomic():
        mine = _working(rehearsal).filter(through=rehearsal.through).select_for_update()
        if not mine.exists():
            return False
        write(lines)
        rehearsal.through, rehearsal.summary = people[-1].pk, summary.kept()
        rehearsal.will_send, rehearsal.held_back, rehearsal.segments = will_send, held_back, summary.segments
        rehearsal.touched_at = timezone.now()
        rehearsal.save(update_fields=["through", "summary", "will_send", "held_back", "segments", "touched_at"])
    return True


def _working(rehearsal: Rehearsal) -> Any:
    return Rehearsal.objects.filter(pk=rehearsal.pk, status=Status.WORKING)
