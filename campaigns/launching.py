"""From a rehearsed campaign to queued sends: one launch, whatever is clicked, replayed or raced."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from campaigns import rehearsal as rehearsals
from campaigns.models import Campaign, Mode, Rehearsal
from campaigns.tasks import wake_workers


class CannotLaunch(ValueError):
    """Nothing was launched; the text is a sentence for the person who tried."""


# Everything about a text is copied, nothing is rendered again: what was rehearsed is what goes out.
_COPY = """
INSERT INTO campaigns_send (kind, mode, agent_id, campaign_id, contact_id, "to", resend_number, text, trigger, metadata,
    no_agent, state, reason, fence, attempts, crashes, due_at, window_ends_at, expires_at, thread_id, delivery,
    delivery_error)
SELECT 'campaign', %(mode)s, %(agent)s, %(campaign)s, contact_id, phone, 0, text, %(trigger)s, metadata,
    %(no_agent)s, 'queued', '', 0, 0, 0, due_at, window_ends_at, %(expires_at)s, '', 'none', ''
FROM campaigns_rehearsedtext WHERE rehearsal_id = %(rehearsal)s AND outcome = 'will_send' ORDER BY id
"""


def launch(campaign: Campaign, rehearsal: Rehearsal, by: Any = None) -> int:
    """Queue exactly the texts of `rehearsal`; returns how many. Raises CannotLaunch.

    All in one transaction under the campaign's lock: of two launches one finds it launched, and a crash in the middle
    leaves the draft as it was.
    """
    with transaction.atomic():
        locked = (
            Campaign.objects.select_for_update(of=("self",))
            .select_related("agent__account", "trigger")
            .get(pk=campaign.pk)
        )
        if locked.status not in Campaign.EDITABLE:
            raise CannotLaunch(f"This campaign is already {locked.get_status_display().lower()}; nothing was done.")
        newest = rehearsals.current(locked)
        if newest is None or newest.pk != rehearsal.pk:
            raise CannotLaunch(
                "Something has changed since the rehearsal: the message, the audience or an opt-out. Rehearse again."
            )
        now = timezone.now()
        if locked.expires_at is not None and locked.expires_at <= now:
            raise CannotLaunch("The campaign's last minute is already over. Choose a later end.")
        if rehearsal.will_send == 0:
            raise CannotLaunch("Nobody would get this text; see the rehearsal for the reasons.")
        count = _queue(locked, rehearsal)
        locked.begins_at = locked.sends.aggregate(first=Min("due_at"))["first"]
        later = locked.scheduled_at is not None and min(locked.scheduled_at, locked.begins_at) > now
        locked.status = Campaign.Status.SCHEDULED if later else Campaign.Status.RUNNING
        locked.mode, locked.launched_by, locked.launched_at = Mode.current(), by, now
        locked.save(update_fields=["status", "mode", "launched_by", "launched_at", "begins_at"])
        wake_workers()
    campaign.refresh_from_db()
    return count


def _queue(campaign: Campaign, rehearsal: Rehearsal) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _COPY,
            {
                "mode": Mode.current().value,
                "agent": campaign.agent_id,
                "campaign": campaign.pk,
                "trigger": campaign.trigger.phrase if campaign.trigger else "",
                "no_agent": not campaign.agent_enabled,
                "expires_at": campaign.expires_at,
                "rehearsal": rehearsal.pk,
            },
        )
        count: int = cursor.rowcount
        return count
