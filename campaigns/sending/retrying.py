"""From what the wire said to what the row becomes."""

import random
from collections.abc import Sequence

from campaigns.models import Send
from campaigns.sending.queue import Claimed
from campaigns.sending.results import Result
from contacts.models import Suppression
from contacts.suppressing import suppress
from revmo.outcomes import Outcome, Verdict

# Full jitter: uniform between nothing and a doubling cap, in seconds.
FIRST_BACKOFF = 2.0
LONGEST_BACKOFF = 15 * 60.0
# So many calls that never reached Revmo, over a quarter of an hour or so, and the text fails: nothing of it has left, a
# person may send it again. A 429 is no reason to give up: Revmo asks for patience, and the campaign's end bounds it.
MOST_ATTEMPTS = 10

_STATES = {
    Verdict.ACCEPTED: Send.State.ACCEPTED,
    Verdict.RETRY: Send.State.QUEUED,
    Verdict.HALT: Send.State.QUEUED,
    Verdict.FAILED: Send.State.FAILED,
    Verdict.UNKNOWN: Send.State.UNKNOWN,
}


def result_of(claim: Claimed, outcome: Outcome | None, seconds: float = 0.0) -> Result:
    """The row's next state after a call of `seconds`; without an outcome nothing was tried, so it is queued again."""
    if outcome is None:
        return Result(claim.id, claim.fence, Send.State.QUEUED)
    accepted = outcome.verdict is Verdict.ACCEPTED
    state, detail = _STATES[outcome.verdict], outcome.detail
    if _is_enough(claim, outcome):
        state, detail = Send.State.FAILED, f"Given up after {MOST_ATTEMPTS} attempts; it was never sent. {detail}"
    return Result(
        claim.id,
        claim.fence,
        state,
        reason="" if accepted else detail,
        thread_id=outcome.thread_id,
        http_status=outcome.http_status,
        delay=_delay(claim, outcome) if state is Send.State.QUEUED and outcome.verdict is Verdict.RETRY else 0.0,
        outcome=outcome.verdict.value,
        latency_ms=round(seconds * 1000),
        evidence=_evidence(outcome),
    )


def note_opt_outs(calls: Sequence[tuple[Claimed, Outcome | None]]) -> None:
    """Opt out here as well whom Revmo calls opted out; committed before the result, so that it cannot get lost."""
    for claim, outcome in calls:
        if outcome is not None and outcome.opted_out:
            suppress([claim.to], source=Suppression.Source.PROVIDER, evidence=outcome.detail)


def _is_enough(claim: Claimed, outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.RETRY and not outcome.slow_down and claim.attempts + 1 >= MOST_ATTEMPTS


def _delay(claim: Claimed, outcome: Outcome) -> float:
    """Seconds until the next try: what Revmo asked for, else full jitter."""
    if outcome.retry_after is not None:
        return outcome.retry_after
    cap = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(claim.attempts, 12))
    return random.uniform(0, cap)  # noqa: S311  (jitter, not a secret)


def _evidence(outcome: Outcome) -> str:
    """What happened, and what Revmo said of it in its own words."""
    said = f" Revmo said: “{outcome.evidence}”" if outcome.evidence else ""
    return f"{outcome.detail}{said}".strip()
