"""A person stops, resumes or ends what is under way. Each is one guarded update; False means: it was no longer so."""

from django.db import transaction
from django.db.models.functions import Now

from campaigns.models import Account, Campaign, Send
from campaigns.sending import brakes, ending
from campaigns.tasks import wake_workers

Status = Campaign.Status


def pause(campaign: Campaign, reason: str) -> bool:
    """Once this is committed no further intent of the campaign is (promise 3); what is under way ends by itself."""
    running = Campaign.objects.filter(pk=campaign.pk, status__in=[Status.RUNNING, Status.SCHEDULED])
    return bool(running.update(status=Status.PAUSED, pause_reason=reason))


def resume(campaign: Campaign) -> bool:
    """Go on where it stopped, or wait for its time again; nothing that left is sent again."""
    with transaction.atomic():
        paused = Campaign.objects.filter(pk=campaign.pk, status=Status.PAUSED)
        if paused.exists():
            brakes.release(campaign.pk)  # before the campaign's row, as whoever pulls the brake does
        early = paused.filter(scheduled_at__gt=Now(), begins_at__gt=Now())
        changed = early.update(status=Status.SCHEDULED, pause_reason="")
        changed = changed or paused.update(status=Status.RUNNING, pause_reason="")
        if changed:
            wake_workers()
    return bool(changed)


def cancel(campaign: Campaign) -> int | None:
    """End it: what has not left will not. Returns how many people are thereby not texted; None if it was over.

    The campaign's row is changed first, under its lock, so that no intent slips between the two statements.
    """
    with transaction.atomic():
        open_campaign = Campaign.objects.filter(pk=campaign.pk).exclude(status__in=Campaign.OVER)
        launching = open_campaign.filter(status=Status.LAUNCHING).select_related("launched_rehearsal").first()
        if not open_campaign.update(status=Status.CANCELED, finished_at=Now(), pause_reason=""):
            return None
        owed = Send.objects.filter(Send.in_states(*Send.UNSENT), campaign=campaign.pk)
        spared = ending.end_unsent(owed, Send.State.CANCELED, "The campaign was canceled.")
        # Of a launch that has not come to its end, most may not be queued yet; they are spared as well.
        rehearsed = launching.launched_rehearsal if launching is not None else None
        return max(spared, rehearsed.will_send) if rehearsed is not None else spared


def resume_account(account: Account) -> bool:
    """Release the account's brake."""
    with transaction.atomic():
        changed = Account.objects.filter(pk=account.pk, paused_at__isnull=False).update(paused_at=None, pause_reason="")
        if changed:
            wake_workers()
    return bool(changed)
