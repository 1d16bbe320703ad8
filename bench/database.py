"""A database of the benches' own: durable, with finished texts in it, apart from the demo's and the tests'."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

# How many finished texts lie in the table; BENCH_ROWS=5000000 for the figure that the issue names.
ROWS = int(os.environ.get("BENCH_ROWS", "200000"))

_EMPTY = """
TRUNCATE campaigns_send, campaigns_attempt, campaigns_campaign, campaigns_agent, campaigns_account, campaigns_worker,
    contacts_contact CASCADE
"""
# All but the finished texts, which take minutes to make.
_TIDY = """
TRUNCATE campaigns_attempt, campaigns_brake, campaigns_worker, campaigns_workershare, contacts_suppression;
DELETE FROM campaigns_send WHERE campaign_id NOT IN (SELECT id FROM campaigns_campaign WHERE name = 'Finished');
DELETE FROM campaigns_campaign WHERE name <> 'Finished';
"""
# +999 is no country's code.
_SENDS = """
INSERT INTO campaigns_send (kind, mode, agent_id, campaign_id, contact_id, "to", resend_number, text, trigger, metadata,
    no_agent, state, reason, fence, attempts, crashes, thread_id, delivery, delivery_error, finished_at, posted_at)
SELECT 'campaign', 'simulator', %(agent)s, %(campaign)s, %(contact)s, '+999' || lpad(n::text, 10, '0'), 0,
    'Hello there, your visit is tomorrow at nine. Reply STOP to end.', '', '{"city": "Washington"}', false,
    %(state)s, '',
    1, 1, 0, CASE WHEN %(state)s = 'accepted' THEN 'thread ' || n ELSE '' END, 'none', '',
    CASE WHEN %(state)s = 'accepted' THEN now() END, CASE WHEN %(state)s = 'accepted' THEN now() END
FROM generate_series(1, %(amount)s) AS n
"""


class Bench:
    """The account and what is owed in it."""

    def __init__(self, rate: int, in_flight: int, name: str = "Bench", agent: str = "YWdlbnQ=") -> None:
        from campaigns.models import Account, Agent
        from contacts.models import Contact

        limits = {"messages_per_second": rate, "in_flight_limit": in_flight}
        self.account, _ = Account.objects.update_or_create(name=name, defaults=limits)
        self.agent, _ = Agent.objects.get_or_create(account=self.account, name=name, agent_id=agent)
        self.contact, _ = Contact.objects.get_or_create(phone="+9990000000000")

    def campaign(self, amount: int, state: str = "queued", name: str = "Bench") -> int:
        """A campaign with that many texts, paused until `run`."""
        from campaigns.models import Campaign

        campaign = Campaign.objects.create(
            name=name, agent=self.agent, message="Hello", status="paused", mode="simulator", pause_reason="made"
        )
        arguments = {"agent": self.agent.pk, "campaign": campaign.pk, "contact": self.contact.pk}
        with connection.cursor() as cursor:
            cursor.execute(_SENDS, arguments | {"state": state, "amount": amount})
        return campaign.pk

    def run(self, campaign: int) -> None:
        """Let it run."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE campaigns_campaign SET status = 'running' WHERE id = %s", [campaign])

    def stop(self, campaign: int) -> None:
        """Let it rest; what is under way ends."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE campaigns_campaign SET status = 'paused', pause_reason = 'stop' WHERE id = %s", [campaign]
            )

    def wait_for_workers(self, amount: int) -> None:
        """Until so many have agreed on their shares: a few rounds of their keepers."""
        from campaigns.models import WorkerShare

        while WorkerShare.objects.filter(slots__gt=0).count() < amount:
            time.sleep(0.1)

    def set(self, rate: int, in_flight: int) -> None:
        """Other limits, for every account."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE campaigns_account SET messages_per_second = %s, in_flight_limit = %s", [rate, in_flight]
            )


@contextmanager
def prepared(rows: int = ROWS, rate: int = 10_000, in_flight: int = 128) -> Iterator[Bench]:
    """The database with `rows` finished texts."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
    django.setup()
    from revmo_campaigns import embedded_postgres

    data = settings.DATA_DIR / "bench" / "postgres"
    with embedded_postgres.running(data):
        settings.DATABASES["default"].update(embedded_postgres.database_settings(data))
        call_command("migrate", verbosity=0, interactive=False)
        bench = _with_finished(rows, rate, in_flight)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        yield bench
        connection.close()


def _with_finished(rows: int, rate: int, in_flight: int) -> Bench:
    """Those of an earlier bench, where they are as many."""
    from campaigns.models import Send

    finished = Send.objects.filter(campaign__name="Finished").count()
    with connection.cursor() as cursor:
        cursor.execute(_TIDY if finished == rows else _EMPTY)
    bench = Bench(rate, in_flight)
    for made in range(0, 0 if finished == rows else rows, 1_000_000):
        bench.campaign(min(rows - made, 1_000_000), "accepted", "Finished")
    return bench
