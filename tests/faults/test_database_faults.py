"""The database goes away: restarted in mid-send, or out of reach of one worker among others."""

import json
import os
import signal
from pathlib import Path
from urllib.parse import urlencode

import pytest

from campaigns.models import Send
from revmo_campaigns import embedded_postgres, postgres_processes
from tests import postgres
from tests.faults import workers
from tests.faults.gateway import gateway
from tests.faults.promises import IN_FLIGHT, PEOPLE, ROUNDS, campaign_of, check, finished
from tests.faults.server import Call, revmo, slowly
from tests.makers import number, states
from tests.processes import manage, wait_until, worker

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


@pytest.mark.skipif("SOAK" not in os.environ, reason="takes half a minute: make soak")
def test_postgresql_restarted_for_real(tmp_path: Path) -> None:
    """A server of its own, killed in mid-send like a machine that loses power, with the commands as people run them."""
    data = postgres.DATA_DIR / f"restarted-{os.getpid()}" / "postgres"
    sheet = tmp_path / "people.csv"
    sheet.write_text("phone\n" + "\n".join(number(index) for index in range(PEOPLE)) + "\n")
    with embedded_postgres.running(data), revmo(slowly(0.2)) as server:
        sockets = embedded_postgres.socket_directory(data)
        place = urlencode({"host": str(sockets), "port": embedded_postgres.PORT})
        address = f"postgresql://{embedded_postgres.USER}@/{embedded_postgres.NAME}?{place}"
        more = {"DATABASE_URL": address, "REVMO_AGENT_ID": "YWdlbnQ="}

        def ours(*arguments: str) -> str:
            done = manage(*arguments, api_url=server.url, **more)
            assert done.returncode in (0, 1), done.stderr
            return done.stdout

        ours("prepare")
        ours("import_contacts", str(sheet), "--list", "People", "--region", "US")
        made = json.loads(
            ours("campaign", "create", "--name", "A", "--list", "People", "--message", "Hi", "--any-hour", "--json")
        )
        quick = {"SEND_LEASE_SECONDS": "8", "REVMO_TOTAL_DEADLINE": "2", "REVMO_READ_TIMEOUT": "2"}
        with worker(server.url, **more, **quick) as process:
            ours("campaign", "launch", str(made["id"]), "--json")
            wait_until(lambda: server.total >= 5)
            os.kill(postgres_processes.pid_of(data) or 0, signal.SIGQUIT)
            postgres_processes.start(data, sockets, embedded_postgres.SOCKET, durable=True)
            done = json.loads(ours("campaign", "status", str(made["id"]), "--wait", "--json"))
            assert process.poll() is None
        assert set(server.requests.values()) == {1}
        assert (done["status"], done["sends"]["accepted"]) == ("finished", PEOPLE)
