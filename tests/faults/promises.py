"""What must hold after any fault, by the other side's ledger against our rows."""

import os

from campaigns.models import Campaign, Send
from tests.faults.server import Revmo
from tests.makers import launched, make_account, make_agent

# How often each death is tried; `make soak` asks for more.
ROUNDS = int(os.environ.get("SOAK", "3"))
IN_FLIGHT = 8
PEOPLE = 40
State = Send.State


def campaign_of(people: int = PEOPLE, **account: object) -> Campaign:
    """A running one, on an account that hardly limits it."""
    limits = {"in_flight_limit": IN_FLIGHT, "messages_per_second": 2_000, "brake_unknowns": 0, "brake_failures": 0}
    return launched(people, agent=make_agent(make_account(**limits | account)))


def finished(campaign: Campaign) -> bool:
    campaign.refresh_from_db()
    return campaign.status == Campaign.Status.FINISHED


def check(campaign: Campaign, revmo: Revmo, most_unknown: int, most_failed: int = 0) -> None:
    """Promises 1, 2 and 6, and that every row ended."""
    assert finished(campaign)
    assert max(revmo.requests.values(), default=0) <= 1, revmo.requests.most_common(3)
    ends = {State.ACCEPTED: 0, State.UNKNOWN: 0, State.FAILED: 0}
    for send in campaign.sends.all():
        assert send.state in ends, (send.state, send.reason)
        ends[State(send.state)] += 1
        if send.state == State.ACCEPTED:
            assert revmo.accepted[send.to] == 1, send.to
        if send.state == State.FAILED:
            assert revmo.requests[send.to] == 0, send.to
    assert ends[State.UNKNOWN] <= most_unknown, ends
    assert ends[State.FAILED] <= most_failed, ends
