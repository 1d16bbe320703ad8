"""The campaign pages: who may open them, what changes on POST alone, and that lists stay cheap."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import rehearsal
from campaigns.models import Campaign, Send
from tests.makers import launched, make_campaign, make_contacts, number, states

pytestmark = pytest.mark.django_db

LISTS = ("campaigns_campaign", "campaigns_send", "campaigns_trigger", "campaigns_agent", "campaigns_account")
LEVERS = {"launch": "launch_campaign", "pause": "pause_campaign", "resume": "pause_campaign", "copy": "add_campaign"}


def signed_in(*permissions: str, superuser: bool = False) -> Client:
    """A browser of somebody with just these permissions."""
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page_of(campaign: Campaign, page: str = "change") -> str:
    return reverse(f"admin:campaigns_campaign_{page}", args=[campaign.pk])


@pytest.mark.parametrize("page", LISTS)
def test_every_list_opens_for_a_superuser_empty_and_full(page: str) -> None:
    client = signed_in(superuser=True)
    address = reverse(f"admin:{page}_changelist")
    assert client.get(address).status_code == 200
    launched(2)
    assert client.get(address).status_code == 200


def test_a_list_in_which_nothing_matches_says_so_and_how_to_widen_it() -> None:
    launched(1)
    client = signed_in("view_send")
    for asked, said in (
        ("q=zzz", "None of the texts fits “zzz”."),
        ("state__exact=failed", "None of the texts fits the filters."),
        ("q=zzz&state__exact=failed", "None of the texts fits “zzz” and the filters."),
    ):
        page = client.get(f"{reverse('admin:campaigns_send_changelist')}?{asked}").content.decode()
        assert "Nothing matches" in page
        assert said in page
        assert ("Clear the search" in page, "Clear the filters" in page) == ("q=" in asked, "state" in asked)


def test_the_dashboard_and_its_rail_open_for_a_superuser_and_for_somebody_without_permissions() -> None:
    assert signed_in(superuser=True).get("/").status_code == 200
    assert signed_in().get("/").status_code == 200


@pytest.mark.parametrize("lever", LEVERS)
def test_a_lever_changes_nothing_on_get(lever: str) -> None:
    campaign = launched(1)
    assert signed_in(superuser=True).get(page_of(campaign, lever)).status_code == 405
    assert Campaign.objects.get().status == Campaign.Status.RUNNING


@pytest.mark.parametrize("lever", LEVERS)
def test_a_lever_needs_its_own_permission(lever: str) -> None:
    campaign = launched(1)
    others = {*LEVERS.values(), "cancel_campaign", "view_campaign", "change_campaign"} - {LEVERS[lever]}
    assert signed_in(*others).post(page_of(campaign, lever)).status_code == 403
    assert Campaign.objects.get().status == Campaign.Status.RUNNING


def test_a_launch_queues_the_rehearsal_that_was_looked_at_and_a_second_click_nothing() -> None:
    campaign = make_campaign(make_contacts(3))
    snapshot = rehearsal.rehearse(campaign)
    client = signed_in("view_campaign", "launch_campaign")
    for _ in range(2):
        client.post(page_of(campaign, "launch"), {"rehearsal": snapshot.pk})
    assert states(campaign) == {"queued": 3}


def test_a_launch_of_a_rehearsal_that_was_replaced_sends_nothing() -> None:
    campaign = make_campaign(make_contacts(1))
    old = rehearsal.rehearse(campaign).pk
    rehearsal.rehearse(campaign)
    answer = signed_in("view_campaign", "launch_campaign").post(
        page_of(campaign, "launch"), {"rehearsal": old}, follow=True
    )
    assert "replaced by a newer one" in answer.content.decode()
    assert not Send.objects.exists()


def test_cancel_says_the_number_first_and_cancels_on_post() -> None:
    campaign = launched(3)
    client = signed_in("view_campaign", "cancel_campaign")
    assert "3 people" in client.get(page_of(campaign, "cancel")).content.decode()
    assert states(campaign) == {"queued": 3}
    client.post(page_of(campaign, "cancel"))
    assert states(campaign) == {"canceled": 3}


def test_who_may_only_look_sees_no_button() -> None:
    campaign = launched(1)
    page = signed_in("view_campaign").get(page_of(campaign)).content.decode()
    for lever in (*LEVERS, "cancel"):
        assert page_of(campaign, lever) not in page


def test_the_list_takes_no_query_a_row(django_assert_max_num_queries: Any) -> None:
    contacts = make_contacts(2)
    for _ in range(12):
        make_campaign(contacts)
    client = signed_in("view_campaign")
    with django_assert_max_num_queries(15):
        client.get(reverse("admin:campaigns_campaign_changelist"))


@pytest.mark.parametrize(
    ("words", "found"), [("+12025550100", 1), ("0101", 1), ("+120255501", 2), ("person", 2), ("nobody", 0)]
)
def test_history_finds_by_number_by_its_ends_and_by_name(words: str, found: int) -> None:
    launched(2)
    answer = signed_in("view_send").get(reverse("admin:campaigns_send_changelist"), {"q": words})
    assert answer.context["cl"].result_count == found


def test_history_is_read_only() -> None:
    launched(1)
    client = signed_in(superuser=True)
    address = reverse("admin:campaigns_send_change", args=[Send.objects.get().pk])
    client.post(address, {"state": "accepted"})
    assert Send.objects.get().state == Send.State.QUEUED
    assert client.get(reverse("admin:campaigns_send_add")).status_code == 403


def test_the_live_part_answers_204_while_nothing_is_new() -> None:
    client, campaign = signed_in(superuser=True), launched(2)
    address = page_of(campaign, "live")
    seen = re.findall(r"seen=([\w.]+)", client.get(address).content.decode())[0]
    assert client.get(address, {"seen": seen}).status_code == 204
    campaign.sends.filter(to=number(0)).update(state="failed", reason="no", finished_at=timezone.now())
    assert client.get(address, {"seen": seen}).status_code == 200


@pytest.mark.parametrize("bad", ["failed", "unknown"])
def test_a_campaign_that_did_not_reach_everybody_is_finished_with_problems_and_not_green(bad: str) -> None:
    campaign = launched(2)
    campaign.sends.update(state="accepted", finished_at=timezone.now())
    Campaign.objects.update(status="finished")
    client = signed_in("view_campaign", "view_send")
    assert 'class="state state-finished">Finished</span>' in client.get(page_of(campaign)).content.decode()
    Send.objects.filter(pk=launched_again(campaign)).update(state=bad, reason="Broken.", finished_at=timezone.now())
    page = client.get(page_of(campaign)).content.decode()
    assert 'class="state state-paused">Finished with problems</span>' in page
    assert "state-finished" not in page
    assert "Finished with problems" in client.get(reverse("admin:campaigns_campaign_changelist")).content.decode()


def launched_again(campaign: Campaign) -> int:
    """One more text of it, to a number of its own."""
    send = campaign.sends.first()
    assert send is not None
    fields = {"kind": send.kind, "mode": send.mode, "agent": send.agent, "contact": send.contact, "text": send.text}
    return Send.objects.create(campaign=campaign, to=send.to, resend_number=1, **fields).pk
