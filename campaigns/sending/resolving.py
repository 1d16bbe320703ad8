"""A person decides about a text that failed, or of which nobody can say whether it left.

The state of the old row never changes here. A resend is a new row under the next resend number, checked anew at its
intent like any other; it waits a quarter of an hour, in which evidence about the first may still come.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from campaigns.models import Campaign, Resolution, Send
from campaigns.tasks import wake_workers
from contacts.models import Suppression

WAIT = timedelta(minutes=15)
State, Decision = Send.State, Resolution.Decision
# What a new row takes over as it was frozen at launch.
_COPIED = ("kind", "mode", "agent_id", "campaign_id", "contact_id", "to", "text", "trigger", "metadata", "no_agent")


class CannotResolve(ValueError):
    """Nothing was changed; the text is a sentence for the person who tried."""


def assume_sent(send: Send, *, by: Any, reason: str) -> Resolution:
    """Note that the person was probably reached; the unknown leaves the tray. Raises CannotResolve."""
    with transaction.atomic():
        locked = _locked(send, reason)
        if locked.state != State.UNKNOWN:
            raise CannotResolve(f"This text is not unknown any more: {locked.get_state_display().lower()}.")
        return Resolution.objects.create(
            send=locked, decision=Decision.ASSUMED_SENT, reason=reason.strip(), decided_by=by
        )


def send_again(send: Send, *, by: Any, reason: str) -> Send:
    """Queue the same text to the same number once more; returns the new row. Raises CannotResolve."""
    with transaction.atomic():
        _reopen(send.campaign_id)
        locked = _locked(send, reason)
        if locked.state not in (State.UNKNOWN, State.FAILED):
            raise CannotResolve(
                f"Only what failed or is unknown is sent again; this is “{locked.get_state_display()}”."
            )
        if locked.finished_at is not None and (left := locked.finished_at + WAIT - timezone.now()) > timedelta(0):
            minutes = -(-left // timedelta(minutes=1))
            raise CannotResolve(f"Evidence may still come. Try again in {minutes} minute{'s' * (minutes != 1)}.")
        if (stands := Suppression.objects.standing().filter(phone=locked.to).first()) is not None:
            raise CannotResolve(f"{stands.refusal} Nothing was sent again.")
        resend = _again([locked], by, reason)[0]
        wake_workers()
    return resend


def certainly_failed(campaign: Campaign) -> QuerySet[Send]:
    """The campaign's texts that can be retried all at once: never sent, long enough ago, not decided, not opted out."""
    opted_out = Suppression.objects.standing().values("phone")
    return campaign.sends.filter(
        Send.in_states(State.FAILED), resolution__isnull=True, finished_at__lte=timezone.now() - WAIT
    ).exclude(to__in=opted_out)


def retry_failed(campaign: Campaign, *, by: Any, reason: str) -> int:
    """Queue all of `certainly_failed` once more; returns how many. Raises CannotResolve."""
    if not reason.strip():
        raise CannotResolve("Say why they are sent again.")
    with transaction.atomic():
        _reopen(campaign.pk)
        failed = list(certainly_failed(campaign).select_for_update(of=("self",)).order_by("pk"))
        # Again, now that they are locked: somebody may have been first.
        decided = set(Resolution.objects.filter(send__in=failed).values_list("send", flat=True))
        failed = [send for send in failed if send.pk not in decided]
        if not failed:
            raise CannotResolve("There is nothing to retry: no text has certainly failed long enough ago.")
        count = len(_again(failed, by, reason))
        wake_workers()
    return count


def undecided(mode: str) -> QuerySet[Send]:
    """The tray: unknowns that neither evidence nor a person has settled."""
    return Send.objects.filter(Send.in_states(State.UNKNOWN), mode=mode, resolution__isnull=True)


def _locked(send: Send, reason: str) -> Send:
    if not reason.strip():
        raise CannotResolve("Write down why; others will read it.")
    locked = Send.objects.select_for_update(of=("self",)).get(pk=send.pk)
    first = Resolution.objects.filter(send=locked).select_related("decided_by").first()
    if first is not None:
        raise CannotResolve(f"{first.decided_by or 'Somebody'} was first: {first.get_decision_display().lower()}.")
    return locked


def _reopen(campaign_id: int | None) -> None:
    """A campaign that is over has a text to send again: it runs until that has ended too. Raises CannotResolve."""
    if campaign_id is None:
        return
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign_id)
    if campaign.status == Campaign.Status.CANCELED:
        raise CannotResolve("The campaign was canceled; nothing of it is sent any more.")
    if campaign.expires_at is not None and campaign.expires_at <= timezone.now():
        raise CannotResolve("The time for texts of this campaign is over.")
    if campaign.status == Campaign.Status.FINISHED:
        Campaign.objects.filter(pk=campaign_id).update(status=Campaign.Status.RUNNING, finished_at=None)


def _again(sends: Sequence[Send], by: Any, reason: str) -> list[Send]:
    """New rows for locked sends, and the decisions that say so."""
    now = timezone.now()
    newest = _newest_numbers(sends)
    made = Send.objects.bulk_create(
        [_copy_of(send, newest.get((send.campaign_id, send.to), send.resend_number) + 1, now) for send in sends]
    )
    Resolution.objects.bulk_create(
        Resolution(send=old, decision=Decision.SENT_AGAIN, reason=reason.strip(), resend=new, decided_by=by)
        for old, new in zip(sends, made, strict=True)
    )
    return made


def _copy_of(send: Send, number: int, now: datetime) -> Send:
    # A window that has just closed sends it to the next lawful one before its intent.
    return Send(
        **{name: getattr(send, name) for name in _COPIED},
        resend_number=number,
        due_at=now,
        window_ends_at=now if send.window_ends_at is not None else None,
        expires_at=send.expires_at,
    )


def _newest_numbers(sends: Sequence[Send]) -> dict[tuple[int | None, str], int]:
    """By campaign and number, the highest resend number so far."""
    campaigns = {send.campaign_id for send in sends if send.campaign_id is not None}
    found = Send.objects.filter(campaign__in=campaigns, to__in=[send.to for send in sends])
    rows = found.order_by().values_list("campaign", "to").annotate(newest=Max("resend_number"))
    return {(campaign, to): newest for campaign, to, newest in rows}
