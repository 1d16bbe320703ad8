"""From a rehearsed campaign to queued sends: one launch, whatever is clicked, replayed or raced.

A launch begins with one guarded step, to *launching*. Then the texts of the snapshot are copied, some thousand a
transaction, each of which ends with the last number of them, so whoever comes after a dead worker goes on there.
Nothing is claimed before the campaign runs, and it runs only once the whole is there.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from campaigns import approving
from campaigns import rehearsal as rehearsals
from campaigns.models import Campaign, Mode, Rehearsal
from campaigns.tasks import wake_workers

Status = Campaign.Status
Report = Callable[[int], object]
CHUNK = 10_000
# So many texts are queued while somebody waits for the page; more are a job.
AT_ONCE = 5_000
# Several chunks' time: whoever copies says so at each of them.
SILENT_FOR = timedelta(seconds=20)
_OF_A_LAUNCH = (
    "status",
    "launched_rehearsal",
    "launched_through",
    "mode",
    "launched_by",
    "launched_at",
    "filled_at",
)


class CannotLaunch(ValueError):
    """Nothing was launched; the text is a sentence for the person who tried."""


# Everything about a text is copied, nothing is rendered again: what was rehearsed is what goes out. Whoever opted out
# since is not queued; whoever does so while this runs is found by the intent, and so is a number that rests.
_COPY = """
WITH chunk AS (
    SELECT * FROM campaigns_rehearsedtext
    WHERE rehearsal_id = %(rehearsal)s AND phone > %(through)s ORDER BY phone LIMIT %(limit)s
), queued AS (
    INSERT INTO campaigns_send (kind, mode, agent_id, campaign_id, contact_id, "to", resend_number, text, trigger,
        metadata, no_agent, state, reason, finished_at, fence, attempts, crashes, due_at, window_ends_at, expires_at,
        thread_id, delivery, delivery_error)
    SELECT 'campaign', %(mode)s, %(agent)s, %(campaign)s, contact_id, chunk.phone, 0, text, %(trigger)s,
        metadata, %(no_agent)s, CASE WHEN stop.id IS NULL THEN 'queued' ELSE 'suppressed' END,
        CASE WHEN stop.id IS NULL THEN '' ELSE 'This number has opted out.' END,
        CASE WHEN stop.id IS NOT NULL THEN statement_timestamp() END, 0, 0, 0, due_at, window_ends_at, %(expires_at)s,
        '', 'none', ''
    FROM chunk LEFT JOIN contacts_suppression AS stop
        ON stop.phone = chunk.phone AND stop.lifted_at IS NULL AND NOT stop.under_review
    WHERE outcome = 'will_send' ORDER BY chunk.phone
    RETURNING 1
)
SELECT (SELECT max(phone) FROM chunk), (SELECT count(*) FROM queued)
"""


def launch(campaign: Campaign, rehearsal: Rehearsal, by: Any = None, report: Report | None = None) -> int:
    """Queue exactly the texts of `rehearsal`; returns how many. Raises CannotLaunch."""
    begin(campaign, rehearsal, by)
    fill(campaign, report)
    return rehearsal.will_send


def begin(campaign: Campaign, rehearsal: Rehearsal, by: Any = None) -> None:
    """Commit to this snapshot. Raises CannotLaunch; of two who try, one finds the campaign launched."""
    with transaction.atomic():
        locked = (
            Campaign.objects.select_for_update(of=("self",))
            .select_related("agent__account", "trigger")
            .get(pk=campaign.pk)
        )
        if locked.status not in Campaign.EDITABLE:
            raise CannotLaunch(f"This campaign is already {locked.get_status_display().lower()}; nothing was done.")
        newest = locked.rehearsals.select_for_update(of=("self",)).first()
        if newest is None or newest.pk != rehearsal.pk:
            raise CannotLaunch("This rehearsal was replaced by a newer one. Look at that one, then launch it.")
        if reasons := rehearsals.changed(locked, newest):
            raise CannotLaunch(f"{' '.join(reasons)} Rehearse again, then launch what you see.")
        now = timezone.now()
        if locked.expires_at is not None and locked.expires_at <= now:
            raise CannotLaunch("The campaign's last minute is already over. Choose a later end.")
        if newest.will_send == 0:
            raise CannotLaunch("Nobody would get this text; see the rehearsal for the reasons.")
        if approving.is_due(locked, newest):
            raise CannotLaunch(approving.WAITS)
        locked.status, locked.launched_rehearsal, locked.launched_through = Status.LAUNCHING, newest, ""
        locked.mode, locked.launched_by, locked.launched_at, locked.filled_at = Mode.current(), by, now, now
        locked.save(update_fields=_OF_A_LAUNCH)
    campaign.refresh_from_db()


def fill(campaign: Campaign, report: Report | None = None) -> None:
    """Go on copying where the campaign stands until the whole is queued; then let it run, or wait for its time."""
    while (copied := _copy_next(campaign)) is not None:
        if report is not None:
            report(copied)
    campaign.refresh_from_db()


def silent() -> Iterator[int]:
    """Launches whose worker died or whose job was lost."""
    for campaign in Campaign.objects.filter(status=Status.LAUNCHING, filled_at__lt=timezone.now() - SILENT_FOR):
        # Whoever wins this update is told of it; the others find it touched.
        if Campaign.objects.filter(pk=campaign.pk, filled_at=campaign.filled_at).update(filled_at=timezone.now()):
            yield campaign.pk


def _copy_next(campaign: Campaign) -> int | None:
    """One chunk; None once there is nothing to copy, be it that another worker or a cancel came first."""
    with transaction.atomic():
        # No key: the copies point to this row, and must not wait for it.
        locked = (
            Campaign.objects.select_for_update(of=("self",), no_key=True)
            .select_related("agent", "trigger")
            .filter(pk=campaign.pk, status=Status.LAUNCHING)
            .first()
        )
        if locked is None:
            return None
        through, copied = _copy(locked)
        if through is None:
            _open(locked)
            return None
        Campaign.objects.filter(pk=locked.pk).update(launched_through=through, filled_at=timezone.now())
    return copied


def _copy(campaign: Campaign) -> tuple[str | None, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _COPY,
            {
                "mode": campaign.mode,
                "agent": campaign.agent_id,
                "campaign": campaign.pk,
                "trigger": campaign.trigger.phrase if campaign.trigger else "",
                "no_agent": not campaign.agent_enabled,
                "expires_at": campaign.expires_at,
                "rehearsal": campaign.launched_rehearsal_id,
                "through": campaign.launched_through,
                "limit": CHUNK,
            },
        )
        through, copied = cursor.fetchone()
        return through, copied


def _open(campaign: Campaign) -> None:
    """The whole is there."""
    begins = campaign.sends.aggregate(first=Min("due_at"))["first"]
    now = timezone.now()
    later = campaign.scheduled_at is not None and min(campaign.scheduled_at, begins) > now
    Campaign.objects.filter(pk=campaign.pk).update(
        status=Status.SCHEDULED if later else Status.RUNNING, begins_at=begins
    )
    wake_workers()
