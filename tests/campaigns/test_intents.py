"""The last check before a text leaves, with two sessions where two sessions matter."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from campaigns import launching, rehearsal, steering
from campaigns.models import Account, Campaign, Mode, Send
from campaigns.sending import intents, queue
from contacts.models import Contact, Suppression
from contacts.suppressing import lift, suppress
from tests.campaigns.working import (
    LEASE,
    SIMULATOR,
    account_of,
    blocked_until,
    claim,
    intend,
)
from tests.makers import launched, make_campaign, make_send, number, states

STOPS: dict[str, Callable[[Campaign], object]] = {
    "opt-out": lambda campaign: suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP"),
    "pause": lambda campaign: steering.pause(campaign, "wait"),
    "cancel": steering.cancel,
}


@pytest.mark.django_db
def test_a_worker_of_the_other_mode_cannot_post_either() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    going, _ = intents.commit_intents(account_of(campaign), Mode.LIVE, claims, LEASE)
    assert going.posting == []


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["before the claim", "before the intent"])
def test_an_opt_out_ends_what_is_owed(moment: str) -> None:
    campaign = launched(2)
    claims = claim(campaign) if moment == "before the intent" else []
    suppress([number(0)], source=Suppression.Source.STAFF)
    assert campaign.sends.get(to=number(0)).state == "suppressed"
    posted = intend(campaign, claims or claim(campaign))
    assert posted == [campaign.sends.get(to=number(1)).pk]


@pytest.mark.django_db
def test_an_opt_out_after_the_intent_lets_that_one_go_and_ends_all_others_to_the_number() -> None:
    first = launched(2)
    intend(first, [one for one in claim(first) if one.to == number(0)])
    second, third = (make_campaign(list(Contact.objects.all()), agent=first.agent) for _ in range(2))
    for campaign in (second, third):
        launching.launch(campaign, rehearsal.rehearse(campaign))
    queue.claim(account_of(first), SIMULATOR, 2, LEASE)
    suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP")
    found = Send.objects.filter(to=number(0)).order_by("campaign_id").values_list("state", flat=True)
    assert list(found) == ["posting", "suppressed", "suppressed"]
    assert not Send.objects.filter(to=number(1), state="suppressed").exists()


@pytest.mark.django_db
def test_an_opt_out_that_came_before_the_launch_is_seen_at_the_intent() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    # As if the send had been invisible to the opt-out: only the last check is left.
    Suppression.objects.create(phone=number(0), source="staff")
    assert intend(campaign, claims) == []
    assert states(campaign) == {"suppressed": 1}


@pytest.mark.django_db
def test_a_lifted_opt_out_lets_texts_go_again() -> None:
    suppress([number(0)], source=Suppression.Source.STAFF)
    lift(Suppression.objects.get(), by=None, reason="They asked to come back.")
    campaign = launched(1)
    assert len(intend(campaign, claim(campaign))) == 1


@pytest.mark.django_db
def test_a_window_that_closed_sends_the_text_back_for_a_new_one() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    campaign.sends.update(window_ends_at=timezone.now() - timedelta(seconds=1))
    going, closed = intents.commit_intents(account_of(campaign), SIMULATOR, claims, LEASE)
    assert (going.posting, closed) == ([], [claims[0].id])
    assert states(campaign) == {"queued": 1}


@pytest.mark.django_db
def test_what_is_too_late_expires() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    campaign.sends.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert intend(campaign, claims) == []
    assert states(campaign) == {"expired": 1}


@pytest.mark.django_db
def test_a_paused_account_posts_nothing_and_gives_its_claims_back() -> None:
    campaign = launched(2)
    claims = claim(campaign)
    Account.objects.update(paused_at=Now(), pause_reason="bad key")
    assert intend(campaign, claims) == []
    assert states(campaign) == {"queued": 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stop", STOPS)
def test_an_intent_waits_for_a_stop_that_came_first_and_then_obeys_it(stop: str) -> None:
    campaign = launched(1)
    claims = claim(campaign)
    posted: list[int] = []
    transaction.set_autocommit(False)
    try:
        STOPS[stop](campaign)
        waited = blocked_until(transaction.commit, lambda: posted.extend(intend(campaign, claims)))
    finally:
        transaction.set_autocommit(True)
    assert waited
    assert posted == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_waits_for_an_intent_that_came_first(stop: str) -> None:
    campaign = launched(1)
    claims = claim(campaign)
    transaction.set_autocommit(False)
    try:
        intend(campaign, claims)
        waited = blocked_until(transaction.commit, lambda: STOPS[stop](campaign))
    finally:
        transaction.set_autocommit(True)
    assert waited
    assert states(campaign) == {"posting": 1}


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_that_cannot_see_the_text_still_stops_it() -> None:
    """The text is inserted while the opt-out runs: only the lock on the number stands between them."""
    campaign = launched(1)
    Send.objects.all().delete()
    posted: list[int] = []
    transaction.set_autocommit(False)
    try:
        suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP")

        def launch_claim_and_intend() -> None:
            make_send(
                kind="campaign",
                campaign=campaign,
                contact=Contact.objects.get(),
                agent=campaign.agent,
                to=number(0),
            )
            posted.extend(intend(campaign, claim(campaign)))

        waited = blocked_until(transaction.commit, launch_claim_and_intend)
    finally:
        transaction.set_autocommit(True)
    assert waited
    assert posted == []
    assert states(campaign) == {"suppressed": 1}
