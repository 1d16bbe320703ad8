"""From what the wire said to what the row becomes."""

import random

from campaigns.models import Send
from campaigns.sending.queue import Claimed, Result
from revmo.outcomes import Outcome, Verdict

# Full jitter: uniform between nothing and a doubling cap, in seconds.
FIRST_BACKOFF = 2.0
LONGEST_BACKOFF = 15 * 60.0

_STATES = {
    Verdict.ACCEPTED: Send.State.ACCEPTED,
    Verdict.RETRY: Send.State.QUEUED,
    Verdict.HALT: Send.State.QUEUED,
    Verdict.FAILED: Send.State.FAILED,
    Verdict.UNKNOWN: Send.State.UNKNOWN,
}


def result_of(claim: Claimed, outcome: Outcome | None) -> Result:
    """The row's next state; without an outcome nothing was tried, so the send is simply queued again."""
    if outcome is None:
        return Result(claim.id, claim.fence, Send.State.QUEUED)
    accepted = outcome.verdict is Verdict.ACCEPTED
    return Result(
        claim.id,
        claim.fence,
        _STATES[outcome.verdict],
        reason="" if accepted else outcome.detail,
        thread_id=outcome.thread_id,
        http_status=outcome.http_status,
        delay=_delay(claim, outcome) if outcome.verdict is Verdict.RETRY else 0.0,
    )


def _delay(claim: Claimed, outcome: Outcome) -> float:
    """Seconds until the next try: what Revmo asked for, else full jitter."""
    if outcome.retry_after is not None:
        return outcome.retry_after
    cap = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(claim.attempts, 12))
    return random.uniform(0, cap)  # noqa: S311  (jitter, not a secret)
