"""Nobody deadlocks: whoever takes many texts takes them in one order, and stops a campaign with empty hands."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from campaigns import steering
from campaigns.models import Account, Brake, Campaign, Send
from campaigns.sending import brakes
from contacts.models import Suppression
from contacts.suppressing import suppress
from tests.campaigns.working import claim, intend
from tests.makers import launched, number, states
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def sessions_that_wait() -> int:
    """How many of this test's database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def sessions() -> Iterator[Callable[[Callable[[], object]], "Future[object]"]]:
    """A way to start work in a session of its own, that finds its rows by indexes as in a table of millions."""

    def apart(work: Callable[[], object]) -> object:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET enable_seqscan TO off; SET enable_bitmapscan TO off")
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        yield lambda work: pool.submit(apart, work)


@contextmanager
def held(send: Send) -> Iterator[None]:
    """Its row is locked for the length of the block, so that others stop there, with in hand what they took before."""
    transaction.set_autocommit(False)
    try:
        Send.objects.select_for_update().get(pk=send.pk)
        yield
    finally:
        transaction.commit()
        transaction.set_autocommit(True)


def test_a_list_of_opt_outs_and_a_cancel_take_texts_in_one_order() -> None:
    """By its index a cancel finds claimed texts first, an opt-out finds them by number: they used to meet halfway."""
    campaign = launched(9)
    claimed = claim(campaign, 6)
    early = [one.id for one in claimed[:3]]
    campaign.sends.filter(pk__in=early).update(state="queued", lease_until=None)
    in_the_middle = Send.objects.get(pk=claimed[4].id)
    phones = [number(index) for index in range(9)]
    with sessions() as start:
        with held(in_the_middle):
            canceled = start(lambda: steering.cancel(campaign))
            wait_until(lambda: sessions_that_wait() == 1)
            opted_out = start(lambda: suppress(phones, source=Suppression.Source.IMPORT))
            wait_until(lambda: sessions_that_wait() == 2)
        assert canceled.result(20) == 9
        assert opted_out.result(20) == 9
    assert states(campaign) == {"canceled": 9}


def test_texts_that_a_paused_campaign_gives_back_are_not_those_that_a_cancel_waits_for() -> None:
    """The intent finds them in the order of its claims, the cancel by id."""
    campaign = launched(6)
    claims = claim(campaign)[::-1]
    in_the_middle = Send.objects.get(pk=claims[2].id)
    steering.pause(campaign, "A person wants a look.")
    with sessions() as start:
        with held(in_the_middle):
            intended = start(lambda: intend(campaign, claims))
            wait_until(lambda: sessions_that_wait() == 1)
            canceled = start(lambda: steering.cancel(campaign))
            wait_until(lambda: sessions_that_wait() == 2)
        assert intended.result(20) == []
        assert canceled.result(20) == 6
    assert states(campaign) == {"canceled": 6}


def test_an_opt_out_that_stops_its_campaign_holds_no_text_that_a_cancel_waits_for() -> None:
    campaign = launched(2)
    Account.objects.update(brake_opt_outs=1)
    Brake.objects.create(campaign=campaign, accepted=10, opted_out=9)
    first, second = campaign.sends.order_by("pk")

    def stop() -> None:
        with transaction.atomic():
            suppress([second.to], source=Suppression.Source.REPLY, evidence="STOP")
            brakes.note_opt_out(campaign.pk, "STOP")

    with sessions() as start:
        with held(first):
            canceled = start(lambda: steering.cancel(campaign))
            wait_until(lambda: sessions_that_wait() == 1)
            opted_out = start(stop)
            wait_until(lambda: sessions_that_wait() == 2)
        assert canceled.result(20) == 1
        opted_out.result(20)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.brake.opted_out) == (Campaign.Status.CANCELED, 10)
    assert states(campaign) == {"canceled": 1, "suppressed": 1}
