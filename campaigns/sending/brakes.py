"""The brakes of a campaign: unknowns in a row, failures, opt-outs, complaints.

Above a line that staff set for the account the campaign is paused, with the reason and samples; going on is a person's
act. The conversations tell us of opt-outs and replies through `note_opt_out` and `note_reply`: these count in the
caller's transaction and stop the campaign right after it, because the caller holds locks on texts, which come after
the campaign's in the order of locks.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import F

from campaigns.models import Account, Brake, Campaign, Send
from campaigns.sending.statements import run
from revmo.outcomes import Outcome, Verdict

# So few opt-outs are no rate yet.
FEWEST_OPT_OUTS = 5
SAMPLES = 3
# How long counts of what went well may wait before they are written. Seconds.
WRITE_INTERVAL = 0.5

_ADD = """
INSERT INTO campaigns_brake AS brake (campaign_id, unknowns_in_a_row, seen, bad, accepted)
SELECT * FROM unnest(%(campaigns)s::bigint[], %(unknowns)s::int[], %(seen)s::int[], %(bad)s::int[], %(accepted)s::int[])
ON CONFLICT (campaign_id) DO UPDATE SET
    unknowns_in_a_row = CASE WHEN excluded.unknowns_in_a_row = excluded.seen
        THEN brake.unknowns_in_a_row + excluded.unknowns_in_a_row ELSE excluded.unknowns_in_a_row END,
    bad = CASE WHEN brake.seen >= 100 THEN brake.bad / 2 ELSE brake.bad END + excluded.bad,
    seen = CASE WHEN brake.seen >= 100 THEN brake.seen / 2 ELSE brake.seen END + excluded.seen,
    accepted = brake.accepted + excluded.accepted
RETURNING campaign_id, unknowns_in_a_row, bad
"""


@dataclass(slots=True)
class _Count:
    """What one worker saw of one campaign since it last wrote. `unknowns` is the run at the end."""

    seen: int = 0
    bad: int = 0
    accepted: int = 0
    unknowns: int = 0


class Tally:
    """What one worker has seen since it last wrote; for one thread."""

    def __init__(self) -> None:
        self._counts: dict[int, _Count] = {}
        self._bad = False
        self._due = 0.0

    def add(self, campaign_id: int | None, outcome: Outcome | None) -> None:
        """Count an outcome of a campaign's text. What is tried again and what stopped the account tells nothing."""
        if campaign_id is None or outcome is None or outcome.verdict in (Verdict.RETRY, Verdict.HALT):
            return
        count = self._counts.setdefault(campaign_id, _Count())
        accepted = outcome.verdict is Verdict.ACCEPTED
        count.seen += 1
        count.accepted += accepted
        count.bad += not accepted
        count.unknowns = count.unknowns + 1 if outcome.counts_toward_brake else 0
        self._bad = self._bad or not accepted

    def write(self) -> None:
        """Add to what all workers have seen, and stop what is above its line; what went well may wait a little."""
        if not self._counts or not (self._bad or time.monotonic() >= self._due):
            return
        counts = sorted(self._counts.items())
        arguments = {
            "campaigns": [pk for pk, _ in counts],
            "unknowns": [count.unknowns for _, count in counts],
            "seen": [count.seen for _, count in counts],
            "bad": [count.bad for _, count in counts],
            "accepted": [count.accepted for _, count in counts],
        }
        rows = run(_ADD, arguments)
        self._counts.clear()
        self._bad, self._due = False, time.monotonic() + WRITE_INTERVAL
        for pk, unknowns, bad in rows:
            if bad:
                _judge_answers(pk, unknowns, bad)


def note_opt_out(campaign_id: int, words: str) -> None:
    """Somebody opted out with `words` in answer to a text of the campaign."""
    with transaction.atomic():
        brake = _count(campaign_id, "opted_out", words)
        line = _account_of(campaign_id).brake_opt_outs
        above = brake.opted_out * 100 >= line * brake.accepted and brake.opted_out >= FEWEST_OPT_OUTS
        if line and above:
            _pause_after_commit(campaign_id, f"{brake.opted_out} people have opted out of it.", brake.samples)


def note_reply(campaign_id: int, text: str) -> None:
    """Somebody answered a text of the campaign; counts what holds a complaint word."""
    account = _account_of(campaign_id)
    if not account.brake_complaints or not complains(text, account.complaint_words):
        return
    with transaction.atomic():
        brake = _count(campaign_id, "complaints", text)
        if brake.complaints >= account.brake_complaints:
            _pause_after_commit(campaign_id, f"{brake.complaints} replies complain about it.", brake.samples)


def complains(text: str, words: str) -> bool:
    """Does the text hold one of the words, separated by commas, as a whole?"""
    named = (re.escape(word.strip()) for word in words.split(",") if word.strip())
    return bool(re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE)) if (pattern := "|".join(named)) else False


def release(campaign_id: int) -> None:
    """A person lets it go on: everything is counted anew, but for what was accepted."""
    Brake.objects.filter(pk=campaign_id).update(
        unknowns_in_a_row=0, seen=0, bad=0, opted_out=0, complaints=0, samples=[]
    )


def _judge_answers(campaign_id: int, unknowns: int, bad: int) -> None:
    account = _account_of(campaign_id)
    if account.brake_unknowns and unknowns >= account.brake_unknowns:
        problem = f"{unknowns} texts in a row ended unknown: nobody can say whether they left."
    elif account.brake_failures and bad >= account.brake_failures:
        problem = f"{bad} of about the last hundred texts failed or ended unknown."
    else:
        return
    ended = Send.objects.filter(Send.in_states(Send.State.UNKNOWN, Send.State.FAILED), campaign=campaign_id)
    reasons = ended.order_by("-finished_at").values_list("reason", flat=True)[:20]
    _pause(campaign_id, problem, list(dict.fromkeys(reasons)))


def _count(campaign_id: int, field: str, sample: str) -> Brake:
    Brake.objects.bulk_create([Brake(campaign_id=campaign_id)], ignore_conflicts=True)
    brake = Brake.objects.select_for_update().get(pk=campaign_id)
    samples = [*brake.samples, sample[:200]][-SAMPLES:]
    Brake.objects.filter(pk=campaign_id).update(samples=samples, **{field: F(field) + 1})
    brake.refresh_from_db()
    return brake


def _account_of(campaign_id: int) -> Account:
    return Account.objects.get(agents__campaigns=campaign_id)


def _pause_after_commit(campaign_id: int, problem: str, samples: Sequence[str]) -> None:
    transaction.on_commit(partial(_pause, campaign_id, problem, samples))


def _pause(campaign_id: int, problem: str, samples: Sequence[str]) -> None:
    shown = " ".join(f"“{sample}”" for sample in samples[:SAMPLES])
    reason = f"It stopped by itself. {problem} For example: {shown} Look into it, then resume or cancel."
    Campaign.objects.filter(pk=campaign_id, status=Campaign.Status.RUNNING).update(
        status=Campaign.Status.PAUSED, pause_reason=reason
    )
