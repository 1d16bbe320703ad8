"""The state machine explored whole, and mistakes that the explorer must find: otherwise it proves nothing."""

import pytest

from tests.campaigns.explorer import Rules, explore


def test_no_interleaving_breaks_a_promise() -> None:
    worlds, broken = explore()
    assert broken == ""
    assert worlds > 1_000


@pytest.mark.parametrize(
    ("mistake", "broken"),
    [
        (Rules(retry_what_is_ambiguous=True), "sent"),
        (Rules(requeue_posting_after_the_lease=True), "sent"),
        (Rules(no_fence=True), "sent"),
        (Rules(check_opt_outs_at_the_claim_only=True), "after the opt-out"),
        (Rules(mark_before_sending=True), "never sent"),
    ],
    ids=["retry on ambiguous", "posting requeued", "no fence", "STOP at the claim only", "mark before send"],
)
def test_the_explorer_finds(mistake: Rules, broken: str) -> None:
    assert broken in explore(mistake)[1]
