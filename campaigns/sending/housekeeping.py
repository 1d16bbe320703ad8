"""What happens by the clock, whoever notices first: leases end, campaigns begin, run out, finish."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from campaigns import timing
from campaigns.models import Account, Campaign, Mode, Send
from campaigns.places import whereabouts
from campaigns.sending import ending, reaping


def run(mode: Mode) -> None:
    """One round; every step is a guarded update, so any number of workers may do it at once."""
    reaping.reap()
    begin_scheduled(mode)
    expire(mode)
    finish(mode)


def begin_scheduled(mode: Mode) -> int:
    """Let campaigns run whose time has come."""
    waiting = Campaign.objects.filter(status=Campaign.Status.SCHEDULED, mode=mode)
    # On people's own clocks the first may be due before the hour comes where the business is.
    return waiting.filter(Q(scheduled_at__lte=Now()) | Q(begins_at__lte=Now())).update(status=Campaign.Status.RUNNING)


def expire(mode: Mode) -> int:
    """End what is left of campaigns whose last minute is over, also of paused ones."""
    over = list(
        Campaign.objects.filter(status__in=Campaign.UNDER_WAY, mode=mode, expires_at__lte=Now()).values_list(
            "pk", flat=True
        )
    )
    if not over:
        return 0
    # What somebody has locked just now is left for the next round: two who wait for one another would be a deadlock.
    left = Send.objects.filter(Send.in_states(*Send.UNSENT), campaign__in=over)
    return ending.end_unsent(left, Send.State.EXPIRED, "The time for this text was over.", skip_locked=True)


def finish(mode: Mode) -> int:
    """Promise 6: a campaign is finished only when nothing is queued, claimed or posting."""
    open_sends = Send.objects.filter(Send.in_states(*Send.OPEN), campaign=OuterRef("pk"))
    expired = Q(status=Campaign.Status.PAUSED, expires_at__lte=Now())
    done = Campaign.objects.filter(Q(status=Campaign.Status.RUNNING) | expired, mode=mode)
    return done.filter(~Exists(open_sends)).update(status=Campaign.Status.FINISHED, finished_at=Now())


def pause_account(account: Account, reason: str) -> bool:
    """Pull the account's brake; False if it was pulled already. Committed before the caller goes on."""
    changed = Account.objects.filter(pk=account.pk, paused_at__isnull=True).update(paused_at=Now(), pause_reason=reason)
    return bool(changed)


def move_to_next_window(send_ids: Sequence[int]) -> None:
    """Give queued sends whose window has closed the next lawful one."""
    now = _now()
    with transaction.atomic():
        late = Send.objects.select_for_update(of=("self",)).select_related("agent__account", "contact")
        for send in late.filter(pk__in=send_ids, state=Send.State.QUEUED, window_ends_at__lte=now).order_by("pk"):
            zone = send.contact.time_zone if send.contact else ""
            window = timing.window_for(now, send.to, zone, send.agent.account)
            row = Send.objects.filter(pk=send.pk)
            if window is None:
                row.update(
                    state=Send.State.EXPIRED, reason=timing.no_hour(whereabouts(send.to, zone)), finished_at=Now()
                )
            else:
                row.update(due_at=window.opens, window_ends_at=window.closes)


def _now() -> datetime:
    """By the clock that closed the window, whatever this machine's own says."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
