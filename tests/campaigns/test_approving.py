"""A second person approves one snapshot, or rejects it with a reason."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns import approving, launching, rehearsal
from campaigns.approving import CannotJudge
from campaigns.launching import CannotLaunch
from campaigns.models import Campaign, Rehearsal
from contacts.models import Suppression
from contacts.suppressing import suppress
from tests.campaigns.test_admin_pages import page_of, signed_in
from tests.makers import make_account, make_agent, make_campaign, make_contacts, number, states

Status, Verdict = Campaign.Status, Rehearsal.Verdict


def person(name: str) -> User:
    return User.objects.create_user(name, is_staff=True)


def needing_approval(**fields: Any) -> Campaign:
    """A draft to three people where two are few enough to go without."""
    agent = make_agent(make_account(approval_above=2))
    return make_campaign(make_contacts(3), agent=agent, **fields)


@pytest.mark.django_db
def test_above_the_line_a_launch_waits_for_a_second_person() -> None:
    campaign = needing_approval()
    snapshot = rehearsal.rehearse(campaign)
    with pytest.raises(CannotLaunch, match="second person"):
        launching.launch(campaign, snapshot)
    approving.approve(campaign, snapshot, person("dana"))
    assert (campaign.status, snapshot.verdict) == (Status.APPROVED, Verdict.APPROVED)
    assert launching.launch(campaign, snapshot) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("line", [None, 3])
def test_at_the_line_or_without_one_nobody_is_asked(line: int | None) -> None:
    campaign = make_campaign(make_contacts(3), agent=make_agent(make_account(approval_above=line)))
    assert launching.launch(campaign, rehearsal.rehearse(campaign)) == 3


@pytest.mark.django_db
def test_who_made_or_rehearsed_or_changed_it_cannot_approve_it() -> None:
    maker, rehearser, editor = person("maker"), person("rehearser"), person("editor")
    campaign = needing_approval(created_by=maker)
    campaign.revisions.create(version=1, changed_by=editor, note="began the draft")
    snapshot = rehearsal.rehearse(campaign, by=rehearser)
    for author in (maker, rehearser, editor):
        with pytest.raises(CannotJudge, match="somebody else"):
            approving.approve(campaign, snapshot, author)
    snapshot.refresh_from_db()
    assert snapshot.verdict == Verdict.NONE


@pytest.mark.django_db
def test_a_rejection_needs_a_reason_and_keeps_the_draft() -> None:
    campaign = needing_approval()
    snapshot = rehearsal.rehearse(campaign)
    with pytest.raises(CannotJudge, match="Say why"):
        approving.reject(campaign, snapshot, person("dana"), "  ")
    approving.reject(campaign, snapshot, person("erin"), "The date is wrong.")
    assert (campaign.status, snapshot.judgement) == (Status.DRAFT, "The date is wrong.")
    with pytest.raises(CannotLaunch, match="second person"):
        launching.launch(campaign, snapshot)


def change_message(campaign: Campaign) -> None:
    Campaign.objects.update(message="Other")


def opt_out(campaign: Campaign) -> None:
    suppress([number(0)], source=Suppression.Source.STAFF)


def rehearse_again(campaign: Campaign) -> None:
    rehearsal.rehearse(campaign)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [change_message, opt_out, rehearse_again])
def test_any_change_voids_an_approval(change: Any) -> None:
    campaign = needing_approval()
    approving.approve(campaign, rehearsal.rehearse(campaign), person("dana"))
    change(campaign)
    fresh = Campaign.objects.get()
    newest = fresh.rehearsals.get()
    with pytest.raises(CannotLaunch):
        launching.launch(fresh, newest)
    assert not fresh.sends.exists()


@pytest.mark.django_db
def test_what_has_changed_cannot_be_approved() -> None:
    campaign = needing_approval()
    snapshot = rehearsal.rehearse(campaign)
    Campaign.objects.update(message="Other")
    with pytest.raises(CannotJudge, match="The message was changed"):
        approving.approve(campaign, snapshot, person("dana"))


@pytest.mark.django_db
def test_an_approval_left_overnight_lapses_and_the_page_says_so_before_and_after() -> None:
    campaign = needing_approval(any_hour=False)
    client = signed_in("view_campaign", "launch_campaign", "approve_campaign")
    lists = reverse("admin:campaigns_campaign_changelist")
    with time_machine.travel("2026-06-02 15:00:00Z", tick=False) as clock:  # 11 AM in New York and Washington
        snapshot = rehearsal.rehearse(campaign)
        page = client.get(page_of(campaign, "rehearsal")).content.decode()
        assert "and an approval of it, hold <strong>until 8 PM on Tuesday, Jun 2 (New York time)</strong>" in page
        answer = client.post(page_of(campaign, "approve"), {"rehearsal": snapshot.pk}, follow=True).content.decode()
        assert "It holds until 8 PM on Tuesday, Jun 2" in answer
        assert "Approval lapsed" not in client.get(lists).content.decode()
        clock.shift(timedelta(hours=20))
        client = signed_in("view_campaign", "launch_campaign")
        page = client.get(page_of(campaign, "rehearsal")).content.decode()
        assert "has lapsed: Its hours are over since 8 PM on Tuesday, Jun 2" in page
        assert "Approval lapsed" in client.get(lists).content.decode()
        client.post(page_of(campaign, "launch"), {"rehearsal": snapshot.pk})
    assert not campaign.sends.exists()


@pytest.mark.django_db
def test_the_dashboard_asks_whoever_may_approve_and_nobody_else() -> None:
    maker = person("maker")
    maker.user_permissions.set(Permission.objects.filter(codename="approve_campaign"))
    campaign = needing_approval(created_by=maker, any_hour=False)
    words = "“Spring” to 3 people waits for a second person&#x27;s approval."
    with time_machine.travel("2026-06-02 15:00:00Z", tick=False) as clock:
        snapshot = rehearsal.rehearse(campaign)
        assert words in signed_in("approve_campaign").get("/").content.decode()
        assert words not in signed_in("launch_campaign").get("/").content.decode()
        assert approving.waiting_for(User.objects.get(pk=maker.pk)) == []
        clock.shift(timedelta(hours=20))
        assert words not in signed_in("approve_campaign").get("/").content.decode()
        approving.reject(campaign, rehearsal.rehearse(campaign), person("erin"), "No.")
        assert words not in signed_in("approve_campaign").get("/").content.decode()
    assert snapshot.verdict == Verdict.NONE


@pytest.mark.django_db
def test_with_a_time_of_its_own_an_approval_holds_until_then() -> None:
    with time_machine.travel("2026-06-02 15:00:00Z", tick=False) as clock:
        at = timezone.now() + timedelta(days=3)
        campaign = needing_approval(any_hour=False, scheduled_at=at)
        snapshot = rehearsal.rehearse(campaign)
        approving.approve(campaign, snapshot, person("dana"))
        clock.shift(timedelta(days=2))
        assert launching.launch(campaign, snapshot) == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_who_judge_at_the_same_moment_one_counts() -> None:
    campaign = needing_approval()
    snapshot = rehearsal.rehearse(campaign)
    barrier, told = threading.Barrier(2), []
    people = [person("dana"), person("erin")]

    def judge(by: User, reason: str) -> None:
        try:
            barrier.wait()
            draft, seen = Campaign.objects.get(), Rehearsal.objects.get()
            if reason:
                approving.reject(draft, seen, by, reason)
            else:
                approving.approve(draft, seen, by)
            told.append("done")
        except CannotJudge as problem:
            told.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=judge, args=pair) for pair in zip(people, ("", "No."), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(words == "done" for words in told) == [False, True]
    assert any("it already" in words for words in told)
    snapshot.refresh_from_db()
    campaign.refresh_from_db()
    assert (snapshot.verdict == Verdict.APPROVED) == (campaign.status == Status.APPROVED)


@pytest.mark.django_db
def test_the_command_line_refuses_with_2_where_an_approval_is_due() -> None:
    campaign = needing_approval()
    with pytest.raises(CommandError) as refused:
        call_command("campaign", "launch", str(campaign.pk))
    assert refused.value.returncode == 2
    assert "second person" in str(refused.value)
    assert not campaign.sends.exists()


@pytest.mark.django_db
def test_the_page_offers_it_to_a_colleague_and_not_to_the_author() -> None:
    campaign = needing_approval()
    snapshot = rehearsal.rehearse(campaign)
    colleague = signed_in("view_campaign", "approve_campaign")
    assert "Approve: 3 people" in colleague.get(page_of(campaign, "rehearsal")).content.decode()
    assert signed_in("view_campaign", "launch_campaign").post(page_of(campaign, "approve")).status_code == 403
    colleague.post(page_of(campaign, "approve"), {"rehearsal": snapshot.pk})
    assert Campaign.objects.get().status == Status.APPROVED
    launcher = signed_in("view_campaign", "launch_campaign")
    launcher.post(page_of(campaign, "launch"), {"rehearsal": snapshot.pk})
    assert states(campaign) == {"queued": 3}


@pytest.mark.django_db
def test_a_large_launch_asks_for_the_number() -> None:
    campaign = make_campaign(make_contacts(3), agent=make_agent(make_account(count_typed_above=2)))
    snapshot = rehearsal.rehearse(campaign)
    client = signed_in("view_campaign", "launch_campaign")
    assert "Type 3 to launch" in client.get(page_of(campaign, "rehearsal")).content.decode()
    for typed in ("", "2", "three"):
        client.post(page_of(campaign, "launch"), {"rehearsal": snapshot.pk, "count": typed})
        assert not campaign.sends.exists()
    client.post(page_of(campaign, "launch"), {"rehearsal": snapshot.pk, "count": "3"})
    assert states(campaign) == {"queued": 3}
