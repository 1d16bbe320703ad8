"""The page of the workers: who works, what waits, and the texts behind each number."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Account, Mode, Send, Worker, WorkerShare
from tests.makers import launched, make_campaign, make_send, number

pytestmark = pytest.mark.django_db


def test_the_page_of_workers_says_who_works_and_what_waits(admin_client: Client) -> None:
    campaign = launched(3)
    campaign.sends.filter(to=number(0)).update(due_at=timezone.now() + timedelta(hours=1))
    address = reverse("admin:campaigns_worker_changelist")
    assert "No worker runs" in admin_client.get(address).content.decode()
    worker = Worker.objects.create(host="sms-1", process=7, mode=Mode.SIMULATOR)
    WorkerShare.objects.create(worker=worker, account=campaign.agent.account, slots=32, in_flight=5, claimed=40)
    page = admin_client.get(address).content.decode()
    for shown in ("sms-1, process 7", "5 of 32", "Working"):
        assert shown in page
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert "Silent" in admin_client.get(address).content.decode()


def test_every_number_opens_the_texts_that_it_counts(admin_client: Client) -> None:
    """Beside an account with texts of its own, which are in no list."""
    campaign = launched(8)
    make_send(to=number(70))
    now = timezone.now()
    campaign.sends.filter(to=number(0)).update(due_at=now + timedelta(hours=1))
    campaign.sends.filter(to__in=[number(1), number(2)]).update(state="posting", lease_until=now + timedelta(minutes=1))
    paused = make_campaign(agent=campaign.agent)
    campaign.sends.filter(to__in=[number(3), number(4), number(5)]).update(campaign=paused)
    page = admin_client.get(reverse("admin:campaigns_worker_changelist")).content.decode()
    shown = {}
    pattern = rf'href="([^"]*waits=(\w+)&amp;account={campaign.agent.account_id})">(\d+)</a>'
    for address, way, count in re.findall(pattern, page):
        listed = admin_client.get(unescape(address)).context["cl"].queryset
        shown[way] = int(count)
        assert listed.count() == int(count), way
    assert shown == {"due": 2, "later": 1, "held": 3, "under_way": 2}
    assert sum(shown.values()) == Send.objects.count() - 1


def test_a_stopped_account_says_why_what_waits_and_where_to_mend_it(admin_client: Client) -> None:
    account = launched(2).agent.account
    Account.objects.update(paused_at=timezone.now(), pause_reason="Check the key.")
    page = admin_client.get(reverse("admin:campaigns_worker_changelist")).content.decode()
    assert (
        f"{account} is stopped, so none of its texts leave.</strong> Check the key. Nothing is lost: 2 texts wait."
        in page
    )
    assert reverse("admin:campaigns_account_change", args=[account.pk]) in page
