"""How many may leave now: one bucket for all workers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from campaigns.models import Account, Mode, Pace
from campaigns.sending import pacing
from tests.makers import make_account

SIMULATOR = Mode.SIMULATOR


def rest(seconds: float) -> None:
    """As if the bucket had not been touched for so long."""
    for pace in Pace.objects.exclude(refilled_at=None):
        assert pace.refilled_at is not None
        pace.refilled_at -= timedelta(seconds=seconds)
        pace.save()


def rested(**fields: Any) -> Account:
    """An account whose bucket is full."""
    account = make_account(**fields)
    pacing.take(account, SIMULATOR, 0).spend(0)
    rest(60)
    return account


@pytest.mark.django_db
@pytest.mark.parametrize(("rate", "burst"), [(10, 1), (50, 1), (1000, 11)])
def test_after_a_rest_little_more_than_one_text_may_leave_at_once(rate: int, burst: int) -> None:
    assert pacing.take(rested(messages_per_second=rate), SIMULATOR, 10_000).granted == burst


@pytest.mark.django_db
def test_the_bucket_fills_at_the_accounts_rate() -> None:
    account = rested(messages_per_second=2)
    pacing.take(account, SIMULATOR, 1).spend(1)
    rest(0.2)
    assert pacing.take(account, SIMULATOR, 10).granted == 0
    rest(0.3)
    assert pacing.take(account, SIMULATOR, 10).granted == 1


@pytest.mark.django_db
def test_who_finds_it_empty_learns_when_to_come_back() -> None:
    account = rested(messages_per_second=2)
    pacing.take(account, SIMULATOR, 1).spend(1)
    assert 0.4 < pacing.take(account, SIMULATOR, 1).wait_seconds <= 0.5


@pytest.mark.django_db
def test_what_was_not_used_stays() -> None:
    account = rested(messages_per_second=1000, daily_allowance=50)
    assert pacing.take(account, SIMULATOR, 10).granted == 10
    pacing.take(account, SIMULATOR, 10).spend(0)
    assert pacing.left_today(account, SIMULATOR, datetime.now(UTC)) == 50
    assert pacing.take(account, SIMULATOR, 10).granted == 10


@pytest.mark.django_db
def test_the_days_allowance_ends_the_day() -> None:
    account = rested(messages_per_second=1000, daily_allowance=3)
    assert pacing.left_today(account, SIMULATOR, datetime.now(UTC)) == 3
    grant = pacing.take(account, SIMULATOR, 10)
    grant.spend(grant.granted)
    assert grant.granted == 3
    rest(1)
    assert pacing.take(account, SIMULATOR, 10).granted == 0
    assert pacing.left_today(account, SIMULATOR, datetime.now(UTC)) == 0


@pytest.mark.django_db
def test_a_new_day_in_the_accounts_zone_begins_again() -> None:
    account = rested(messages_per_second=1000, daily_allowance=3)
    pacing.take(account, SIMULATOR, 3).spend(3)
    Pace.objects.update(day=datetime(2020, 1, 1, tzinfo=UTC).date())
    rest(1)
    assert pacing.take(account, SIMULATOR, 10).granted == 3


@pytest.mark.django_db
def test_the_modes_have_a_bucket_each() -> None:
    account = make_account(messages_per_second=10)
    assert pacing.take(account, SIMULATOR, 5).granted == 1
    assert pacing.take(account, Mode.LIVE, 5).granted == 1


@pytest.mark.django_db
def test_a_429_halves_the_rate_once_in_ten_seconds() -> None:
    account = make_account()
    for _ in range(5):
        pacing.slow_down(account, SIMULATOR)
    assert Pace.objects.get().slow_factor == 0.5


@pytest.mark.django_db
def test_the_rate_never_falls_below_a_tenth() -> None:
    account = make_account()
    for _ in range(10):
        pacing.slow_down(account, SIMULATOR)
        Pace.objects.update(halved_at=datetime.now(UTC) - timedelta(seconds=11))
    assert Pace.objects.get().slow_factor == pytest.approx(0.1)


def test_the_rate_is_back_a_minute_after_the_last_429() -> None:
    now = datetime.now(UTC)
    pace = Pace(slow_factor=0.5, slowed_at=now)
    assert pacing.factor(pace, now) == 0.5
    assert pacing.factor(pace, now + timedelta(seconds=30)) == pytest.approx(0.75)
    assert pacing.factor(pace, now + timedelta(seconds=60)) == 1


@pytest.mark.django_db
def test_a_first_bucket_that_two_workers_make_is_one() -> None:
    account = make_account()
    with transaction.atomic():
        pacing.take(account, SIMULATOR, 1).spend(1)
        pacing.take(account, SIMULATOR, 1).spend(1)
    assert Pace.objects.count() == 1
