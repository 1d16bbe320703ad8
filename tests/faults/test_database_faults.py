"""The database goes away: restarted in mid-send, or out of reach of one worker among others."""

import os

import pytest
from django.db import connection

from campaigns.models import Send
from tests.faults import own_postgres, workers
from tests.faults.gateway import gateway
from tests.faults.promises import IN_FLIGHT, ROUNDS, campaign_of, check, finished
from tests.faults.server import Call, revmo, slowly
from tests.makers import states
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_connections_that_break_in_mid_send_cost_nothing(attempt: int) -> None:
    """What Revmo has said meanwhile is kept and written down once the database is back."""
    campaign = campaign_of()
    with gateway() as (wire, database), revmo(slowly(0.02)) as server:
        one = workers.start(server.url, database=database)
        wait_until(lambda: server.total >= 5 + 7 * (attempt % 3))
        wire.cut()
        seen = server.total
        wait_until(lambda: one.exitcode is None and server.total >= seen)
        wire.mend()
        wait_until(lambda: finished(campaign))
        assert workers.end(one) == 0
        check(campaign, server, most_unknown=0)


def test_a_database_that_goes_between_revmos_yes_and_the_result() -> None:
    campaign = campaign_of()
    with gateway() as (wire, database):

        def behave(call: Call) -> None:
            if call.place == 3:
                wire.cut()
            call.accept()

        with revmo(behave) as server:
            one = workers.start(server.url, database=database)
            wait_until(lambda: server.total >= 3)
            wire.mend()
            wait_until(lambda: finished(campaign))
            assert workers.end(one) == 0
            check(campaign, server, most_unknown=0)


def test_a_worker_cut_off_from_the_database_stops_and_harms_nothing() -> None:
    campaign = campaign_of(people=80)
    with gateway() as (wire, database), revmo(slowly(0.05)) as server:
        alone = workers.start(server.url, database=database)
        wait_until(lambda: server.total >= 10)
        wire.stop()
        assert campaign.sends.filter(state="posting").count() <= IN_FLIGHT
        for send in campaign.sends.filter(lease_until__isnull=False):  # one by one: it may be at work on some
            Send.objects.filter(pk=send.pk).update(lease_until="2026-01-01T00:00Z")
        with workers.running(server.url):
            wait_until(lambda: finished(campaign))
            wire.go_on()
            # Those that it could not write down were taken for unknown; it knows better.
            wait_until(lambda: "unknown" not in states(campaign))
            assert workers.end(alone) == 0
        check(campaign, server, most_unknown=0)


def listeners() -> set[int]:
    """The sessions on which workers wait to be told of jobs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
        return {pid for (pid,) in cursor.fetchall()}


def test_a_worker_outlives_the_session_on_which_it_waits_for_jobs() -> None:
    """Procrastinate ends without an error then, as if somebody had asked for it."""
    campaign = campaign_of()
    with revmo(slowly(0.02)) as server:
        one = workers.start(server.url)
        wait_until(lambda: len(listeners()) == 1)
        (first,) = listeners()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])
        wait_until(lambda: len(listeners() - {first}) == 1)
        wait_until(lambda: finished(campaign))
        assert workers.end(one) == 0
        check(campaign, server, most_unknown=0)


def test_a_worker_that_is_told_to_stop_while_the_database_is_away_stops_once_it_is_back() -> None:
    campaign = campaign_of()
    with gateway() as (wire, database), revmo(slowly(0.02)) as server:
        one = workers.start(server.url, database=database)
        wait_until(lambda: server.total >= 5)
        wire.stop()
        one.terminate()
        wire.cut()
        wire.go_on()
        wire.mend()
        one.join(75)
        assert one.exitcode == 0
        assert set(states(campaign)) <= {"queued", "claimed", "accepted"}


@pytest.mark.parametrize("attempt", range(ROUNDS if "SOAK" in os.environ else 1))
def test_postgresql_killed_and_started_again(attempt: int) -> None:
    """In mid-send, like a machine that loses power; what Revmo said meanwhile is written down afterwards."""
    campaign = campaign_of()
    with own_postgres.with_a_copy() as data, revmo(slowly(0.05)) as api:
        one = workers.start(api.url)
        wait_until(lambda: api.total >= 5 + 7 * (attempt % 3))
        own_postgres.kill(data)
        own_postgres.start(data)
        wait_until(lambda: finished(campaign))
        assert workers.end(one) == 0
        check(campaign, api, most_unknown=0)
