"""Hypothesis drives the real statements against a real PostgreSQL in any order, with Revmo's ledger beside them."""

import os
from collections import Counter
from contextlib import suppress as suppress_error
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from campaigns import steering
from campaigns.models import Campaign, Mode, Send
from campaigns.sending import housekeeping, intents, queue, reaping, resolving, results, retrying
from campaigns.sending.queue import Claimed
from contacts.models import Suppression
from contacts.suppressing import lift, suppress
from revmo.outcomes import Outcome, Verdict
from tests.makers import launched, make_account, make_agent, number

EXAMPLES, STEPS = (2_000, 50) if "SOAK" in os.environ else (15, 30)
PEOPLE, WORKERS = 4, 3
SIMULATOR = Mode.SIMULATOR
State = Send.State
# What Revmo may do with a call, and what we hear of it.
ANSWERS = {
    "yes": (True, Outcome(Verdict.ACCEPTED, "accepted", thread_id="thread", http_status=200)),
    "yes, unheard": (True, Outcome(Verdict.UNKNOWN, "reset", "It broke off.")),
    "no, unheard": (False, Outcome(Verdict.UNKNOWN, "reset", "It broke off.")),
    "later": (False, Outcome(Verdict.RETRY, "http_429", "Slow down.", http_status=429, retry_after=0.0)),
    "wrong key": (False, Outcome(Verdict.HALT, "http_401", "Check the key.", http_status=401)),
    "refused": (False, Outcome(Verdict.FAILED, "http_400", "A bad number.", http_status=400)),
    "not begun": (False, None),
}
workers = st.integers(0, WORKERS - 1)
people = st.integers(0, PEOPLE - 1)


class Sending(RuleBasedStateMachine):
    """A few people, a few workers that may die or freeze, staff who stop and resume, customers who opt out."""

    @initialize()
    def launch(self) -> None:
        """A running campaign."""
        agent = make_agent(make_account(messages_per_second=100_000))
        self.campaign = launched(PEOPLE, agent=agent)
        self.account = self.campaign.agent.account
        self.claims: list[list[Claimed]] = [[] for _ in range(WORKERS)]
        self.posting: list[list[Claimed]] = [[] for _ in range(WORKERS)]
        self.heard: list[tuple[Claimed, Outcome | None]] = []
        self.acted: Counter[int] = Counter()
        self.stopped: set[str] = set()

    @rule(worker=workers, limit=st.integers(1, PEOPLE))
    def claim(self, worker: int, limit: int) -> None:
        """A worker takes what is due."""
        self.claims[worker] += queue.claim(self.account, SIMULATOR, limit, 60.0)

    @rule(worker=workers)
    def intend(self, worker: int) -> None:
        """It commits intents; none of whom it may not text (promise 3)."""
        self.campaign.refresh_from_db()
        going, closed = intents.commit_intents(self.account, SIMULATOR, self.claims[worker], 60.0)
        for one in going.posting:
            assert one.to not in self.stopped
            assert self.campaign.status == Campaign.Status.RUNNING
        self.claims[worker] = going.waiting
        self.posting[worker] += going.posting
        housekeeping.move_to_next_window(closed)

    @rule(worker=workers, answer=st.sampled_from(sorted(ANSWERS)))
    def call(self, worker: int, answer: str) -> None:
        """It makes its next call, however long ago it intended to."""
        if self.posting[worker]:
            claim = self.posting[worker].pop()
            acts, outcome = ANSWERS[answer]
            self.acted[claim.id] += acts
            self.heard.append((claim, outcome))

    @rule(again=st.booleans(), data=st.data())
    def record(self, again: bool, data: st.DataObject) -> None:
        """An outcome is written down, perhaps twice."""
        if self.heard:
            place = data.draw(st.integers(0, len(self.heard) - 1))
            claim, outcome = self.heard[place] if again else self.heard.pop(place)
            results.record([retrying.result_of(claim, outcome)])
            Send.objects.filter(state=State.QUEUED).update(due_at=timezone.now())

    @rule(worker=workers)
    def give_back(self, worker: int) -> None:
        """It stops cleanly."""
        queue.give_back(self.claims[worker])
        self.claims[worker] = []

    @rule(worker=workers)
    def die(self, worker: int) -> None:
        """It forgets all that it had in hand."""
        self.claims[worker], self.posting[worker] = [], []

    @rule()
    def reap(self) -> None:
        """Every lease is over, whether its worker is dead, frozen or slow."""
        Send.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))
        reaping.reap()

    @rule(person=people)
    def opt_out(self, person: int) -> None:
        """STOP."""
        suppress([number(person)], source=Suppression.Source.REPLY, evidence="STOP")
        self.stopped.add(number(person))

    @rule(person=people)
    def opt_in(self, person: int) -> None:
        """And back."""
        for one in Suppression.objects.standing().filter(phone=number(person)):
            lift(one, by=None, reason="They asked.")
        self.stopped.discard(number(person))

    @rule()
    def pause(self) -> None:
        """Staff stop it."""
        steering.pause(self.campaign, "wait")

    @rule()
    def resume(self) -> None:
        """Staff let it go on."""
        steering.resume(self.campaign)

    @precondition(lambda self: len(self.stopped) == PEOPLE - 1)
    @rule()
    def cancel(self) -> None:
        """Staff end it; rarely, or nothing else would happen."""
        steering.cancel(self.campaign)

    @rule(person=people)
    def send_again(self, person: int) -> None:
        """Staff send once more what failed or is unknown: a row of its own."""
        Send.objects.filter(state__in=[State.UNKNOWN, State.FAILED]).update(finished_at=timezone.now() - resolving.WAIT)
        for send in Send.objects.filter(to=number(person), resolution__isnull=True)[:1]:
            with suppress_error(resolving.CannotResolve):
                resolving.send_again(send, by=None, reason="They asked.")

    @rule()
    def finish(self) -> None:
        """The clock."""
        housekeeping.finish(SIMULATOR)

    @invariant()
    def promises_hold(self) -> None:
        """One row, at most one text; what a state says is so; finished means that nothing is open."""
        if not hasattr(self, "campaign"):
            return
        self.campaign.refresh_from_db()
        for send in self.campaign.sends.all():
            acted = self.acted[send.pk]
            assert acted <= 1
            if send.state == State.ACCEPTED:
                assert acted == 1
            if send.state not in (State.ACCEPTED, State.UNKNOWN, State.POSTING):
                assert acted == 0, send.state
            if self.campaign.status == Campaign.Status.FINISHED:
                assert send.state not in Send.OPEN


class _RollBack(Exception):
    pass


@pytest.mark.django_db
def test_any_order_of_events_keeps_the_promises() -> None:
    class Alone(Sending):
        """Each example in a savepoint of its own."""

        def __init__(self) -> None:
            super().__init__()
            self._block: Any = transaction.atomic()
            self._block.__enter__()

        def teardown(self) -> None:
            self._block.__exit__(_RollBack, _RollBack(), None)

    run_state_machine_as_test(
        Alone,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
