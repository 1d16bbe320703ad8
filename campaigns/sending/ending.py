"""End what has not left: the one way in which an opt-out, a cancel and the clock do so.

Rows are locked in the order of their ids, whatever way the planner finds them, so that two who end the same texts, say
a list of thousands of opt-outs and a cancel, wait for one another instead of deadlocking.
"""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.functions import Now

from campaigns.models import Send


def end_unsent(sends: QuerySet[Send], state: Send.State, reason: str, *, skip_locked: bool = False) -> int:
    """End those of `sends` for which no intent is committed; how many. In the caller's transaction.

    `skip_locked`: leave out what somebody else has locked just now. Who ends those of a campaign asks by `in_states`
    as well; not this, or a planner that has not seen a launch yet looks for a number's texts among all that is due.
    """
    unsent = sends.filter(state__in=Send.UNSENT).order_by("pk")
    held = unsent.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
    return Send.objects.filter(pk__in=held.values("pk")).update(
        state=state, reason=reason, lease_until=None, finished_at=Now()
    )


def suppress_unsent(phones: Sequence[str]) -> int:
    """End every unsent text to these numbers; inside the opt-out's transaction, under its locks on them."""
    return end_unsent(Send.objects.filter(to__in=phones), Send.State.SUPPRESSED, "This number has opted out.")
