"""A second pair of eyes: a colleague approves one snapshot, or rejects it and says why."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from campaigns import rehearsal as rehearsals
from campaigns.models import Campaign, Rehearsal, Revision

Verdict = Rehearsal.Verdict
WAITS = "A second person must approve this rehearsal first. Ask a colleague who may approve to open its page."


class CannotJudge(ValueError):
    """Nothing was approved or rejected; the text is a sentence for the person who tried."""


def needs_approval(campaign: Campaign, rehearsal: Rehearsal) -> bool:
    """Does it go to so many people that a second person must look?"""
    line = campaign.agent.account.approval_above
    return line is not None and rehearsal.will_send > line


def is_due(campaign: Campaign, rehearsal: Rehearsal) -> bool:
    """Must it be approved and is not?"""
    return needs_approval(campaign, rehearsal) and rehearsal.verdict != Verdict.APPROVED


def is_author(rehearsal: Rehearsal, person: Any) -> bool:
    """Whoever made the draft, changed it or asked for this rehearsal is no second pair of eyes."""
    return Rehearsal.objects.filter(_work_of(person), pk=rehearsal.pk).exists()


def waiting_for(person: Any) -> list[Rehearsal]:
    """Rehearsals that need a second person and may have this one: the newest of their drafts, their hours not over."""
    if not person.has_perm("campaigns.approve_campaign"):
        return []
    whole = Rehearsal.objects.filter(
        campaign__status=Campaign.Status.DRAFT, status=Rehearsal.Status.DONE, verdict=Verdict.NONE
    )
    newer = Rehearsal.objects.filter(campaign=OuterRef("campaign"), pk__gt=OuterRef("pk"))
    due = whole.filter(will_send__gt=F("campaign__agent__account__approval_above")).exclude(Exists(newer))
    found = due.exclude(_work_of(person)).select_related("campaign__agent__account").defer("facts")
    return [one for one in found if not rehearsals.is_over(one.campaign, one)]


def void(campaign: Campaign) -> None:
    """The draft was changed, so what was approved is no more."""
    Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.APPROVED).update(status=Campaign.Status.DRAFT)


def approve(campaign: Campaign, rehearsal: Rehearsal, by: Any) -> None:
    """Sign this very snapshot; any change makes it void. Raises CannotJudge; of two who judge, the first counts."""
    _judge(campaign, rehearsal, by, Verdict.APPROVED, "")


def reject(campaign: Campaign, rehearsal: Rehearsal, by: Any, reason: str) -> None:
    """Say no, and why. Raises CannotJudge."""
    if not reason.strip():
        raise CannotJudge("Say why, so that your colleague knows what to change.")
    _judge(campaign, rehearsal, by, Verdict.REJECTED, reason.strip())


def _judge(campaign: Campaign, rehearsal: Rehearsal, by: Any, verdict: Rehearsal.Verdict, reason: str) -> None:
    with transaction.atomic():
        locked = Campaign.objects.select_for_update(of=("self",)).select_related("agent__account", "trigger")
        draft = locked.get(pk=campaign.pk)
        if draft.status not in Campaign.EDITABLE:
            raise CannotJudge(f"This campaign is already {draft.get_status_display().lower()}; nothing was done.")
        newest = draft.rehearsals.select_for_update(of=("self",)).first()
        if newest is None or newest.pk != rehearsal.pk:
            raise CannotJudge("This rehearsal was replaced by a newer one. Look at that one.")
        if newest.verdict:
            raise CannotJudge(f"{newest.judged_by} has {newest.get_verdict_display().lower()} it already.")
        if is_author(newest, by):
            raise CannotJudge("You wrote or rehearsed it, so somebody else must judge it.")
        if reasons := rehearsals.changed(draft, newest):
            raise CannotJudge(f"{' '.join(reasons)} It must be rehearsed again first.")
        newest.verdict, newest.judged_by, newest.judged_at, newest.judgement = verdict, by, timezone.now(), reason
        newest.save(update_fields=["verdict", "judged_by", "judged_at", "judgement"])
        draft.status = Campaign.Status.APPROVED if verdict == Verdict.APPROVED else Campaign.Status.DRAFT
        draft.save(update_fields=["status"])
    campaign.refresh_from_db()
    rehearsal.refresh_from_db()


def _work_of(person: Any) -> Q:
    """The rehearsals of which they are an author."""
    wrote = Revision.objects.filter(campaign=OuterRef("campaign"), changed_by=person.pk)
    return Q(campaign__created_by=person.pk) | Q(created_by=person.pk) | Q(Exists(wrote))
