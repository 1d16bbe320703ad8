"""Claims, leases and results: the guarded statements, each against a real database."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from campaigns import launching, rehearsal
from campaigns.models import Campaign, Mode, Send
from campaigns.sending import housekeeping, intents, queue, reaping, results
from campaigns.sending.results import Result
from contacts.models import Contact
from tests.campaigns.working import (
    LEASE,
    SIMULATOR,
    accepted,
    account_of,
    claim,
    in_another_session,
    intend,
    let_leases_end,
)
from tests.makers import launched, make_campaign, make_send, number, states


@pytest.mark.django_db
def test_it_goes_from_queued_to_accepted() -> None:
    campaign = launched(3)
    claims = claim(campaign)
    assert states(campaign) == {"claimed": 3}
    assert intend(campaign, claims) == [one.id for one in claims]
    assert states(campaign) == {"posting": 3}
    assert results.record(accepted(claims)) == {one.id for one in claims}
    send = campaign.sends.first()
    assert send is not None
    assert (send.state, send.attempts, send.thread_id, send.http_status) == (
        "accepted",
        1,
        f"thread {send.pk}",
        200,
    )


@pytest.mark.django_db
def test_what_is_not_due_is_not_claimed() -> None:
    campaign = launched(2)
    campaign.sends.filter(to=number(0)).update(due_at=timezone.now() + timedelta(hours=1))
    assert [one.to for one in claim(campaign)] == [number(1)]


@pytest.mark.django_db
@pytest.mark.parametrize("later", [0, 1])
def test_a_claim_reads_what_it_takes_and_no_more(later: int) -> None:
    """Also right after a launch, of which the planner knows nothing yet, and while all of a launch is for later."""
    with connection.cursor() as cursor:
        make_send(state="accepted", finished_at=timezone.now())
        cursor.execute("ANALYZE campaigns_send")
    campaign = launched(600)
    campaign.sends.update(due_at=Now() + timedelta(hours=later))
    first, before = claim(campaign, 5), _sends_read()
    assert len(claim(campaign, 5)) == len(first) == (0 if later else 5)
    assert _sends_read() - before < 60


@pytest.mark.django_db
def test_so_does_a_claim_of_replies_and_tests() -> None:
    first = make_send()
    Send.objects.bulk_create(
        Send(agent=first.agent, kind=first.kind, mode=first.mode, to=number(index), text="Hello")
        for index in range(600)
    )
    before = _sends_read()
    assert len(queue.claim(first.agent.account, SIMULATOR, 5, LEASE, urgent=True)) == 5
    assert _sends_read() - before < 60


def _sends_read() -> int:
    """Rows that this transaction has read in the table of sends, by whatever way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'campaigns_send'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_worker_claims_only_its_own_mode() -> None:
    campaign = launched(2)
    assert queue.claim(account_of(campaign), Mode.LIVE, 10, LEASE) == []


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["draft", "scheduled", "paused", "canceled"])
def test_only_a_running_campaign_is_claimed(status: str) -> None:
    campaign = launched(1)
    mode = "" if status == "draft" else "simulator"
    Campaign.objects.filter(pk=campaign.pk).update(status=status, mode=mode, pause_reason="why")
    assert claim(campaign) == []


@pytest.mark.django_db
def test_replies_and_tests_go_first_and_campaigns_take_turns() -> None:
    first = launched(4)
    second = make_campaign(list(Contact.objects.all()), agent=first.agent)
    launching.launch(second, rehearsal.rehearse(second))
    test = make_send(agent=first.agent)
    claims = queue.claim(account_of(first), SIMULATOR, 5, LEASE)
    assert test.pk in {one.id for one in claims}
    assert {one.campaign_id for one in claims} == {None, first.pk, second.pk}


@pytest.mark.django_db
def test_an_older_holder_cannot_write() -> None:
    campaign = launched(1)
    old = claim(campaign)
    let_leases_end(campaign)
    assert reaping.reap() == (1, 0)
    new = claim(campaign)
    assert intend(campaign, old) == []
    assert intend(campaign, new) == [new[0].id]
    assert results.record(accepted(old)) == set()
    assert states(campaign) == {"posting": 1}


@pytest.mark.django_db
def test_a_claim_whose_lease_ended_cannot_post() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    let_leases_end(campaign)
    assert intend(campaign, claims) == []


@pytest.mark.django_db
def test_a_worker_that_died_before_the_intent_costs_a_requeue_and_the_third_time_the_text() -> None:
    campaign = launched(1)
    for crashes in (1, 2, 3):
        claim(campaign)
        let_leases_end(campaign)
        reaping.reap()
        assert campaign.sends.get().crashes == crashes
    assert states(campaign) == {"failed": 1}


@pytest.mark.django_db
def test_a_worker_that_died_after_the_intent_leaves_an_unknown_that_nobody_retries() -> None:
    campaign = launched(1)
    intend(campaign, claim(campaign))
    let_leases_end(campaign)
    assert reaping.reap() == (0, 1)
    assert states(campaign) == {"unknown": 1}
    assert claim(campaign) == []


@pytest.mark.django_db
def test_nor_is_it_tried_again_a_day_later() -> None:
    campaign = launched(1)
    intend(campaign, claim(campaign))
    let_leases_end(campaign)
    reaping.reap()
    a_day_ago = timezone.now() - timedelta(days=1)
    campaign.sends.update(due_at=a_day_ago, posted_at=a_day_ago, finished_at=a_day_ago)
    housekeeping.run(SIMULATOR)
    assert claim(campaign) == []
    assert states(campaign) == {"unknown": 1}


@pytest.mark.django_db
def test_a_late_yes_of_the_same_holder_turns_its_unknown_into_accepted() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    intend(campaign, claims)
    let_leases_end(campaign)
    reaping.reap()
    assert len(results.record(accepted(claims))) == 1
    assert states(campaign) == {"accepted": 1}


@pytest.mark.django_db
def test_a_late_no_leaves_the_unknown_alone() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    intend(campaign, claims)
    let_leases_end(campaign)
    reaping.reap()
    assert results.record([Result(claims[0].id, claims[0].fence, "queued")]) == set()
    assert states(campaign) == {"unknown": 1}


@pytest.mark.django_db
def test_the_same_result_twice_is_written_once() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    intend(campaign, claims)
    assert len(results.record(accepted(claims))) == 1
    assert results.record(accepted(claims)) == set()


@pytest.mark.django_db
def test_what_is_queued_again_waits_for_its_delay() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    intend(campaign, claims)
    results.record([Result(claims[0].id, claims[0].fence, "queued", reason="busy", delay=60)])
    assert campaign.sends.get().due_at > timezone.now() + timedelta(seconds=55)
    assert claim(campaign) == []


@pytest.mark.django_db
def test_a_simulated_text_is_no_history_of_a_live_one() -> None:
    campaign = launched(1)
    claims = claim(campaign)
    intend(campaign, claims)
    results.record(accepted(claims))
    assert Contact.objects.get().last_texted_at is None


@pytest.mark.django_db
def test_a_live_text_is_history() -> None:
    campaign = launched(1)
    campaign.sends.update(mode=Mode.LIVE)
    Campaign.objects.update(mode=Mode.LIVE)
    claims = queue.claim(account_of(campaign), Mode.LIVE, 1, LEASE)
    intents.commit_intents(account_of(campaign), Mode.LIVE, claims, LEASE)
    results.record(accepted(claims))
    assert Contact.objects.get().last_texted_at is not None


@pytest.mark.django_db
def test_a_live_text_that_a_dead_worker_may_have_sent_is_history() -> None:
    campaign = launched(1)
    campaign.sends.update(mode=Mode.LIVE)
    Campaign.objects.update(mode=Mode.LIVE)
    intents.commit_intents(
        account_of(campaign), Mode.LIVE, queue.claim(account_of(campaign), Mode.LIVE, 1, LEASE), LEASE
    )
    let_leases_end(campaign)
    assert reaping.reap() == (0, 1)
    assert Contact.objects.get().last_texted_at == campaign.sends.get().posted_at


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_text() -> None:
    campaign = launched(40)
    found: list[list[int]] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        found.append([one.id for one in claim(campaign, 20)])

    for thread in [in_another_session(work) for _ in range(4)]:
        thread.join()
    claimed = [pk for ids in found for pk in ids]
    assert sorted(claimed) == sorted(campaign.sends.values_list("pk", flat=True))
