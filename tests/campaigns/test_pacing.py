"""How many may leave now: one bucket for all workers."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Account, Mode, Pace
from campaigns.sending import intents, pacing, queue
from tests.makers import launched, make_account, make_agent

pytestmark = pytest.mark.django_db
SIMULATOR = Mode.SIMULATOR


def rest(seconds: float) -> None:
    """As if nobody had touched the bucket for so long."""
    for pace in Pace.objects.exclude(refilled_at=None):
        assert pace.refilled_at is not None
        pace.refilled_at -= timedelta(seconds=seconds)
        pace.save()


def spent(account: Account, texts: int = 0, tokens: float = 0.0) -> Account:
    """The account with a bucket that was touched just now."""
    grant = pacing.take(account, SIMULATOR, 0)
    Pace.objects.filter(pk=grant.pace_id).update(tokens=tokens, refilled_at=grant.at, day=grant.today, used_today=texts)
    return account


def granted(account: Account, wanted: int = 10_000) -> int:
    return pacing.take(account, SIMULATOR, wanted).granted


@pytest.mark.parametrize(("rate", "burst"), [(10, 1), (50, 1), (1000, 11)])
def test_after_a_rest_little_more_than_one_text_may_leave_at_once(rate: int, burst: int) -> None:
    account = spent(make_account(messages_per_second=rate))
    rest(60)
    assert granted(account) == burst


def test_the_bucket_fills_at_the_accounts_rate() -> None:
    account = spent(make_account(messages_per_second=2))
    rest(0.2)
    assert granted(account) == 0
    rest(0.3)
    assert granted(account) == 1


def test_who_finds_it_empty_learns_when_to_come_back() -> None:
    account = spent(make_account(messages_per_second=2))
    assert 0.4 < pacing.take(account, SIMULATOR, 1).wait_seconds <= 0.5


def test_an_intent_pays_for_just_what_goes() -> None:
    campaign = launched(8, agent=make_agent(make_account(messages_per_second=1000, daily_allowance=50)))
    account = campaign.agent.account
    claims = queue.claim(account, SIMULATOR, 8, 60.0)
    campaign.sends.filter(pk__in=[one.id for one in claims[:3]]).update(window_ends_at=datetime(2020, 1, 1, tzinfo=UTC))
    going, closed = intents.commit_intents(account, SIMULATOR, claims, 60.0)
    assert (len(going.posting), len(closed)) == (5, 3)
    assert pacing.left_today(account, SIMULATOR, datetime.now(UTC)) == 45


def test_what_the_pace_has_no_room_for_waits_in_its_order() -> None:
    campaign = launched(3, agent=make_agent(make_account(messages_per_second=1)))
    account = campaign.agent.account
    claims = queue.claim(account, SIMULATOR, 3, 60.0)
    going, _ = intents.commit_intents(account, SIMULATOR, claims, 60.0)
    assert (going.posting, going.waiting) == (claims[:1], claims[1:])
    assert 0.9 < going.wait_seconds <= 1.0


def test_the_days_allowance_ends_the_day() -> None:
    account = spent(make_account(messages_per_second=1000, daily_allowance=3), texts=0)
    rest(1)
    assert granted(account) == 3
    spent(account, texts=3)
    rest(1)
    assert granted(account) == 0
    assert pacing.take(account, SIMULATOR, 1).wait_seconds > 1
    assert pacing.left_today(account, SIMULATOR, datetime.now(UTC)) == 0


def test_an_allowance_that_was_just_lowered_holds_at_once() -> None:
    campaign = launched(3)
    claims = queue.claim(campaign.agent.account, SIMULATOR, 3, 60.0)
    Account.objects.update(daily_allowance=1)
    going, _ = intents.commit_intents(campaign.agent.account, SIMULATOR, claims, 60.0)
    assert len(going.posting) == 1


def test_a_new_day_in_the_accounts_zone_begins_again() -> None:
    account = spent(make_account(messages_per_second=1000, daily_allowance=3), texts=3)
    Pace.objects.update(day=datetime(2020, 1, 1, tzinfo=UTC).date())
    rest(1)
    assert granted(account) == 3


def test_the_modes_have_a_bucket_each() -> None:
    account = spent(make_account(messages_per_second=10))
    assert granted(account) == 0
    assert pacing.take(account, Mode.LIVE, 5).granted == 1


def test_a_429_halves_the_rate_once_in_ten_seconds() -> None:
    account = spent(make_account())
    for _ in range(5):
        pacing.slow_down(account, SIMULATOR)
    assert pacing.share_of_rate(account, SIMULATOR) == pytest.approx(0.5, abs=0.01)


def test_the_rate_never_falls_below_a_tenth() -> None:
    account = spent(make_account())
    for _ in range(10):
        pacing.slow_down(account, SIMULATOR)
        Pace.objects.update(halved_at=datetime.now(UTC) - timedelta(seconds=11))
    assert pacing.share_of_rate(account, SIMULATOR) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(("seconds", "share"), [(0, 0.5), (30, 0.75), (60, 1.0), (600, 1.0)])
def test_the_rate_is_back_a_minute_after_the_last_429(seconds: int, share: float) -> None:
    account = spent(make_account(messages_per_second=1000))
    pacing.slow_down(account, SIMULATOR)
    Pace.objects.update(slowed_at=datetime.now(UTC) - timedelta(seconds=seconds))
    assert pacing.share_of_rate(account, SIMULATOR) == pytest.approx(share, abs=0.02)
    rest(60)
    assert granted(account) == int(1 + 10 * share)


def test_a_first_bucket_that_two_workers_make_is_one() -> None:
    account = make_account()
    pacing.take(account, SIMULATOR, 1)
    pacing.take(account, SIMULATOR, 1)
    assert Pace.objects.count() == 1
