"""The intent: the committed decision to send, and the last moment at which anything can forbid it (promise 3).

It is one call of `campaigns_commit_intents`, which stands in the migrations: the locks that an opt-out, a pause, a
cancel or a change of the account needs are taken first, each by a statement of its own; only then the check is made,
because a statement sees what was committed before it began. In one call, because each answer of the database costs a
worker with a hundred busy threads more than the statement itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.models import Account, Mode
from campaigns.sending.queue import Claimed
from campaigns.sending.statements import run
from contacts.suppressing import NUMBER_LOCKS


@dataclass(frozen=True, slots=True)
class Intents:
    """What one attempt to commit intents came to."""

    posting: list[Claimed] = field(default_factory=list)
    waiting: list[Claimed] = field(default_factory=list)  # still claimed by us, the pace has no room yet
    wait_seconds: float = 0.0


_COMMIT = """
SELECT send_id, verdict, wait_seconds FROM campaigns_commit_intents(%(account)s::bigint, %(mode)s::text,
    %(ids)s::bigint[], %(fences)s::int[], %(campaigns)s::bigint[], %(phones)s::text[], %(lease)s::float8,
    %(locks)s::int)
"""


def commit_intents(account: Account, mode: Mode, claims: Sequence[Claimed], lease: float) -> tuple[Intents, list[int]]:
    """Commit the intent to send for as many of `claims` as the pace allows; nothing may reach a socket before.

    Suppression, pause, cancel, send window, end and daily allowance are checked here. What may not go is dismissed.
    Returns the intents, and the ids of sends that went back because their window closed: they want a new one.
    """
    if not claims:
        return Intents(), []
    arguments = {
        "account": account.pk,
        "mode": mode.value,
        "ids": [claim.id for claim in claims],
        "fences": [claim.fence for claim in claims],
        "campaigns": [claim.campaign_id for claim in claims],
        "phones": [claim.to for claim in claims],
        "lease": lease,
        "locks": NUMBER_LOCKS,
    }
    verdicts = {pk: (verdict, wait) for pk, verdict, wait in run(_COMMIT, arguments)}
    said = [(claim, *verdicts.get(claim.id, ("gone", 0.0))) for claim in claims]
    intents = Intents(
        [claim for claim, verdict, _ in said if verdict == "posting"],
        [claim for claim, verdict, _ in said if verdict == "waiting"],
        max(wait for *_, wait in said),
    )
    return intents, [claim.id for claim, verdict, _ in said if verdict == "closed"]
