"""A number under review: no text goes there, and none is lost, until a person has decided."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns import launching, rehearsal
from campaigns.models import Account, Campaign, Mode, Send
from campaigns.sending import intents, queue
from contacts.models import Suppression
from contacts.suppressing import allow_confirmation, confirm, lift, rest, suppress
from tests.makers import launched, make_campaign, make_contacts, make_send, number, states

LEASE = 60.0


def rest_number(index: int = 0) -> Suppression:
    """The number of contact `index` rests."""
    rest([number(index)], evidence="STOP this terrible bill", doubt="It contains “stop”.", said_at=timezone.now())
    return Suppression.objects.standing().get(phone=number(index))


def intend(campaign: Campaign) -> list[str]:
    """Claim all that is due and commit intents; the numbers that may be texted."""
    account: Account = campaign.agent.account
    claims = queue.claim(account, Mode.SIMULATOR, 10, LEASE)
    going, _ = intents.commit_intents(account, Mode.SIMULATOR, claims, LEASE)
    return sorted(one.to for one in going.posting)


def make_due(campaign: Campaign) -> None:
    campaign.sends.update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_its_texts_wait_and_say_why() -> None:
    campaign = launched(2)
    rest_number(0)
    assert intend(campaign) == [number(1)]
    waiting = campaign.sends.get(to=number(0))
    assert (waiting.state, waiting.lease_until) == ("queued", None)
    assert waiting.reason == "Waits: a reply may have meant stop, and a person has to decide."
    assert waiting.due_at > timezone.now() + timedelta(minutes=4)
    assert intend(campaign) == []


@pytest.mark.django_db
def test_who_comes_to_rest_while_it_is_launched_is_queued_and_waits() -> None:
    campaign = make_campaign(make_contacts(2))
    launching.begin(campaign, rehearsal.rehearse(campaign))
    rest_number(0)
    launching.fill(campaign)
    campaign.refresh_from_db()
    assert states(campaign) == {"queued": 2}
    assert intend(campaign) == [number(1)]


@pytest.mark.django_db
def test_it_goes_on_where_they_did_not_mean_stop() -> None:
    campaign = launched(1)
    suppression = rest_number()
    assert intend(campaign) == []
    assert lift(suppression, by=None, reason="They meant the bill.")
    make_due(campaign)
    assert intend(campaign) == [number(0)]
    trace = Suppression.objects.get()
    assert (trace.under_review, trace.lift_reason) == (False, "They meant the bill.")


@pytest.mark.django_db
@pytest.mark.parametrize("claimed", [True, False])
def test_it_ends_where_they_meant_stop(claimed: bool) -> None:
    campaign = launched(1)
    suppression = rest_number()
    if claimed:
        queue.claim(campaign.agent.account, Mode.SIMULATOR, 10, LEASE)
    assert confirm(suppression, by=None)
    assert not confirm(suppression, by=None)
    assert states(campaign) == {"suppressed": 1}
    assert Suppression.objects.get().decided_at is not None


@pytest.mark.django_db
def test_a_clear_stop_decides_a_review() -> None:
    campaign = launched(1)
    rest_number()
    assert suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP") == 1
    suppression = Suppression.objects.get()
    assert not suppression.under_review
    assert suppression.evidence == "STOP this terrible bill\nSTOP"
    assert states(campaign) == {"suppressed": 1}


@pytest.mark.django_db
def test_a_doubt_changes_nothing_for_who_has_opted_out() -> None:
    suppress([number(0)], source=Suppression.Source.STAFF, evidence="By phone")
    assert rest([number(0)], evidence="stop it", doubt="Why", said_at=timezone.now()) == 0
    assert not Suppression.objects.get().under_review


@pytest.mark.django_db
def test_a_text_whose_time_is_over_ends_although_its_number_rests() -> None:
    campaign = launched(1)
    rest_number()
    account = campaign.agent.account
    claims = queue.claim(account, Mode.SIMULATOR, 10, LEASE)
    campaign.sends.update(expires_at=timezone.now() - timedelta(seconds=1))
    intents.commit_intents(account, Mode.SIMULATOR, claims, LEASE)
    assert states(campaign) == {"expired": 1}


@pytest.mark.django_db(transaction=True)
def test_an_intent_waits_for_a_rest_that_came_first_and_then_obeys_it() -> None:
    campaign = launched(1)
    posted: list[str] = []
    started = threading.Event()

    def work() -> None:
        started.set()
        posted.extend(intend(campaign))
        connection.close()

    worker = threading.Thread(target=work)
    with transaction.atomic():
        rest_number()
        worker.start()
        started.wait()
        worker.join(0.3)
        assert worker.is_alive()
    worker.join(10)
    assert posted == []
    assert states(campaign) == {"queued": 1}


class TestConfirmation:
    @pytest.mark.django_db
    def test_only_the_one_text_that_was_allowed_may_still_go(self) -> None:
        campaign = launched(1)
        suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP")
        allowed, other = (make_send(agent=campaign.agent, to=number(0)) for _ in range(2))
        allow_confirmation(number(0), allowed.pk)
        allow_confirmation(number(0), other.pk)
        assert intend(campaign) == [number(0)]
        found = dict(Send.objects.filter(campaign=None).values_list("pk", "state"))
        assert found == {allowed.pk: "posting", other.pk: "suppressed"}

    @pytest.mark.django_db
    def test_it_does_not_outlive_its_minutes(self) -> None:
        campaign = launched(1)
        suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP")
        allowed = make_send(agent=campaign.agent, to=number(0), expires_at=timezone.now() - timedelta(seconds=1))
        allow_confirmation(number(0), allowed.pk)
        assert intend(campaign) == []
        allowed.refresh_from_db()
        assert allowed.state == "expired"

    @pytest.mark.django_db
    def test_a_second_opt_out_takes_it_back(self) -> None:
        campaign = launched(1)
        suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP")
        allowed = make_send(agent=campaign.agent, to=number(0))
        allow_confirmation(number(0), allowed.pk)
        suppress([number(0)], source=Suppression.Source.REPLY, evidence="STOP!!")
        assert intend(campaign) == []
