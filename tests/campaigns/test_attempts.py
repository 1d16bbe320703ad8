"""Every attempt is on record, written with its result; and only what the table queues again is tried again."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Mode
from campaigns.sending import intents, queue, reaping, results, retrying
from campaigns.sending.queue import Claimed
from campaigns.sending.results import Result
from revmo.outcomes import Answer, Fault, Outcome, Verdict, judge, judge_fault
from tests.makers import launched, states

LEASE = 60.0


def posted(campaign: Campaign) -> Claimed:
    """A claim of the campaign whose intent is committed."""
    account = campaign.agent.account
    claims = queue.claim(account, Mode.SIMULATOR, 1, LEASE)
    going, _ = intents.commit_intents(account, Mode.SIMULATOR, claims, LEASE)
    assert going.posting == claims
    return claims[0]


def due_again(campaign: Campaign) -> None:
    campaign.sends.update(due_at=timezone.now() - timedelta(seconds=1))


def claimed(attempts: int = 0) -> Claimed:
    return Claimed(1, 1, None, "+12025550123", "YWdlbnQ=", "Hello", "", {}, False, attempts)


REFUSED = judge_fault(Fault.REFUSED)


@pytest.mark.django_db
def test_each_attempt_is_kept_with_what_it_came_to() -> None:
    campaign = launched(1)
    busy = judge(Answer(429, {}, b"slow down, please"))
    results.record([retrying.result_of(posted(campaign), busy, 0.25)])
    due_again(campaign)
    results.record([retrying.result_of(posted(campaign), Outcome(Verdict.ACCEPTED, "accepted", http_status=200), 0.04)])
    send = campaign.sends.get()
    kept = list(send.calls.values_list("number", "outcome", "http_status", "latency_ms"))
    assert kept == [(1, "retry", 429, 250), (2, "accepted", 200, 40)]
    first = send.calls.first()
    assert first is not None
    assert "slow down, please" in first.evidence
    assert timezone.now() - first.started_at < timedelta(minutes=1)


@pytest.mark.django_db
def test_the_page_of_a_text_tells_its_attempts(admin_client: Client) -> None:
    campaign = launched(1)
    results.record([retrying.result_of(posted(campaign), judge(Answer(400, {}, b'{"error": "no such number"}')), 0.3)])
    page = admin_client.get(reverse("admin:campaigns_send_change", args=[campaign.sends.get().pk])).content.decode()
    for shown in ("Revmo refused it (status 400)", "300 ms", "no such number"):
        assert shown in page


@pytest.mark.django_db
def test_an_intent_without_a_call_is_no_attempt() -> None:
    campaign = launched(1)
    results.record([retrying.result_of(posted(campaign), None)])
    send = campaign.sends.get()
    assert (send.state, send.attempts, send.posted_at, send.calls.count()) == ("queued", 0, None, 0)


@pytest.mark.django_db
def test_the_death_of_a_worker_is_on_record_and_a_late_yes_replaces_it() -> None:
    campaign = launched(1)
    claim = posted(campaign)
    campaign.sends.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reaping.reap() == (0, 1)
    death = campaign.sends.get().calls.get()
    assert (death.outcome, death.latency_ms) == ("unknown", None)
    results.record([Result(claim.id, claim.fence, "accepted", outcome="accepted", http_status=200, latency_ms=7)])
    assert campaign.sends.get().calls.get().outcome == "accepted"


@pytest.mark.django_db
def test_what_would_be_tried_after_the_end_of_the_campaign_expires() -> None:
    campaign = launched(1)
    claim = posted(campaign)
    campaign.sends.update(expires_at=timezone.now() + timedelta(seconds=30))
    results.record([retrying.result_of(claim, judge(Answer(429, {"retry-after": "60"})))])
    send = campaign.sends.get()
    assert (send.state, send.attempts) == ("expired", 1)
    assert "The time for this text was over." in send.reason


@pytest.mark.django_db
def test_what_revmo_asks_for_within_the_campaign_is_waited_for() -> None:
    campaign = launched(1)
    claim = posted(campaign)
    campaign.sends.update(expires_at=timezone.now() + timedelta(seconds=90))
    results.record([retrying.result_of(claim, judge(Answer(429, {"retry-after": "60"})))])
    assert states(campaign) == {"queued": 1}
    assert campaign.sends.get().due_at > timezone.now() + timedelta(seconds=55)


def test_the_jitter_is_full_and_doubles_up_to_its_cap() -> None:
    for attempts, cap in ((0, 2.0), (3, 16.0), (8, 512.0)):
        delays = [retrying.result_of(claimed(attempts), REFUSED).delay for _ in range(400)]
        assert 0 <= min(delays) < cap * 0.1
        assert cap * 0.9 < max(delays) <= cap


def test_a_text_that_never_reaches_revmo_fails_in_the_end() -> None:
    last = retrying.result_of(claimed(retrying.MOST_ATTEMPTS - 1), REFUSED)
    assert (last.state, last.delay) == ("failed", 0.0)
    assert "never sent" in last.reason
    assert retrying.result_of(claimed(retrying.MOST_ATTEMPTS - 2), REFUSED).state == "queued"


def test_a_429_is_no_reason_to_give_up() -> None:
    assert retrying.result_of(claimed(1000), judge(Answer(429))).state == "queued"


@pytest.mark.parametrize("status", [500, 503, 408, 409, 303])
def test_what_cannot_be_known_is_never_queued_again(status: int) -> None:
    assert retrying.result_of(claimed(), judge(Answer(status, {"retry-after": "1"}))).state == "unknown"


@pytest.mark.django_db
def test_the_generic_plan_of_a_result_begins_with_its_own_rows() -> None:
    """Prepared statements get it after some calls; one that walks over all unknowns halved the throughput."""
    names = re.findall(r"%\((\w+)\)s::([a-z0-9]+\[\])", results._RECORD)
    statement = results._RECORD
    for place, (name, _) in enumerate(names, 1):
        statement = statement.replace(f"%({name})s", f"${place}")
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE result({', '.join(kind for _, kind in names)}) AS {statement}")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute("SET LOCAL enable_seqscan = off")  # the table of a test is too small for an index
        cursor.execute(f"EXPLAIN EXECUTE result({', '.join(['NULL'] * len(names))})")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("DEALLOCATE result")
    assert "campaigns_send_pkey" in plan
    assert "sends_" not in plan
