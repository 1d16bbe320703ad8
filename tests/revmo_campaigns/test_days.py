"""Texts by day: the day on which they left, in the business's zone, of one mode."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from campaigns.models import Mode, Send
from revmo_campaigns import days
from tests.campaigns.test_admin_pages import signed_in
from tests.makers import make_send

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)  # noon in New York


@pytest.fixture(autouse=True)
def _business_hours() -> Any:
    with time_machine.travel(NOON, tick=False), timezone.override("America/New_York"):
        yield


def sent(ago: timedelta, **fields: Any) -> Send:
    """A text that left so long before noon."""
    at = NOON - ago
    ended = {"state": "accepted", "posted_at": at, "finished_at": at, "created_at": NOON - timedelta(days=40)}
    return make_send(**{**ended, **fields})


def figures() -> dict[str, int]:
    return {figure.name: figure.count for figure in days.today()}


def test_a_text_counts_on_the_day_it_left_however_long_it_was_queued() -> None:
    sent(timedelta(hours=11, minutes=59), delivery="delivered", replied_at=NOON)
    sent(timedelta(hours=12, minutes=1))
    sent(timedelta(0), state="failed", reason="No such number.")
    assert figures() == {"Sent": 1, "Delivered": 1, "Replied": 1, "Failed": 1}
    by_day = days.sent_by_day()
    assert list(by_day.values())[-2:] == [1, 1]
    assert len(by_day) == days.DAYS
    assert days.usual(by_day) == 1


def test_texts_of_the_other_mode_are_no_texts_of_today() -> None:
    sent(timedelta(0), mode=Mode.LIVE)
    assert figures()["Sent"] == 0
    assert not any(days.sent_by_day().values())


def test_every_figure_opens_the_list_that_it_counts() -> None:
    yours = sent(timedelta(0), delivery="delivered", replied_at=NOON)
    sent(timedelta(days=1))
    for figure in days.today():
        page = listed(signed_in(superuser=True), figure.url)
        assert page == ([yours.pk] if figure.count else [])


def test_the_history_shows_one_mode_and_the_other_when_asked() -> None:
    ours, live = sent(timedelta(0)), sent(timedelta(0), mode=Mode.LIVE)
    client = signed_in(superuser=True)
    assert listed(client, "/campaigns/send/") == [ours.pk]
    assert listed(client, "/campaigns/send/?mode=live") == [live.pk]
    assert listed(client, "/campaigns/send/?mode=nonsense") == [ours.pk]


def test_the_days_of_the_history_are_whole_days_on_the_readers_clock() -> None:
    early, late = sent(timedelta(hours=11, minutes=59)), sent(-timedelta(hours=11, minutes=59))
    sent(timedelta(hours=12, minutes=1))
    sent(-timedelta(hours=12, minutes=1))
    day = "posted_at_from=2026-11-24&posted_at_to=2026-11-24"
    with time_machine.travel(NOON + timedelta(days=2)):
        assert sorted(listed(signed_in(superuser=True), f"/campaigns/send/?{day}")) == sorted([early.pk, late.pk])
        assert len(listed(signed_in(superuser=True), "/campaigns/send/?posted_at_from=soon")) == 4


def listed(client: Client, address: str) -> list[int]:
    """The texts on that page of the history."""
    return [send.pk for send in client.get(address).context["cl"].queryset]
