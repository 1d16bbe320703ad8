"""One launch, whatever is clicked, replayed or raced."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns import launching, rehearsal, steering
from campaigns.launching import CannotLaunch
from campaigns.models import Campaign, Mode
from campaigns.sending import housekeeping
from contacts.models import Suppression
from contacts.suppressing import suppress
from tests.makers import launched, make_campaign, make_contacts, number, states

Status, SIMULATOR = Campaign.Status, Mode.SIMULATOR


@pytest.mark.django_db
def test_what_was_rehearsed_is_what_is_queued() -> None:
    campaign = make_campaign(make_contacts(3), metadata={"name": "{{ first_name }}"}, agent_enabled=False)
    snapshot = rehearsal.rehearse(campaign)
    assert launching.launch(campaign, snapshot) == 3
    rehearsed = snapshot.texts.order_by("phone").values_list("phone", "text", "metadata", "due_at", "window_ends_at")
    queued = campaign.sends.order_by("to").values_list("to", "text", "metadata", "due_at", "window_ends_at")
    assert list(queued) == list(rehearsed)
    assert set(campaign.sends.values_list("no_agent", flat=True)) == {True}
    assert (campaign.status, campaign.mode) == (Status.RUNNING, "simulator")


@pytest.mark.django_db
def test_those_held_back_are_not_queued() -> None:
    campaign = make_campaign(make_contacts(2))
    suppress([number(0)], source=Suppression.Source.STAFF)
    launching.launch(campaign, rehearsal.rehearse(campaign))
    assert list(campaign.sends.values_list("to", flat=True)) == [number(1)]


@pytest.mark.django_db
def test_a_second_launch_does_nothing() -> None:
    campaign = launched(2)
    snapshot = campaign.rehearsals.get()
    with pytest.raises(CannotLaunch, match="already running"):
        launching.launch(campaign, snapshot)
    assert campaign.sends.count() == 2


@pytest.mark.django_db
def test_a_launch_whose_transaction_is_taken_back_leaves_nothing_and_wakes_nobody() -> None:
    campaign = make_campaign(make_contacts(2))
    snapshot = rehearsal.rehearse(campaign)
    with transaction.atomic():
        launching.launch(campaign, snapshot)
        assert campaign.sends.count() == 2
        assert ProcrastinateJob.objects.exists()
        transaction.set_rollback(True)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.sends.count()) == (Status.DRAFT, 0)
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db
def test_a_change_after_the_rehearsal_asks_for_a_new_one() -> None:
    campaign = make_campaign(make_contacts(2))
    snapshot = rehearsal.rehearse(campaign)
    suppress([number(0)], source=Suppression.Source.STAFF)
    with pytest.raises(CannotLaunch, match="Rehearse again"):
        launching.launch(campaign, snapshot)
    assert campaign.sends.count() == 0


@pytest.mark.django_db
def test_an_older_snapshot_is_refused() -> None:
    campaign = make_campaign(make_contacts(1))
    old = rehearsal.rehearse(campaign)
    rehearsal.rehearse(campaign)
    with pytest.raises(CannotLaunch):
        launching.launch(campaign, old)


@pytest.mark.django_db
def test_nobody_to_text_is_no_launch() -> None:
    campaign = make_campaign(make_contacts(1, first_name=""))
    with pytest.raises(CannotLaunch, match="Nobody would get this text"):
        launching.launch(campaign, rehearsal.rehearse(campaign))


@pytest.mark.django_db
def test_an_end_that_is_over_is_no_launch() -> None:
    campaign = make_campaign(make_contacts(1), expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(CannotLaunch, match="last minute"):
        launching.launch(campaign, rehearsal.rehearse(campaign))


@pytest.mark.django_db
def test_a_later_campaign_waits_for_its_time() -> None:
    campaign = launched(1, scheduled_at=timezone.now() + timedelta(hours=1))
    assert campaign.status == Status.SCHEDULED
    assert housekeeping.begin_scheduled(SIMULATOR) == 0
    Campaign.objects.update(scheduled_at=timezone.now() - timedelta(seconds=1))
    assert housekeeping.begin_scheduled(SIMULATOR) == 1


@pytest.mark.django_db(transaction=True)
def test_of_launches_at_the_same_moment_one_happens() -> None:
    campaign = make_campaign(make_contacts(20))
    snapshot = rehearsal.rehearse(campaign)
    barrier, told = threading.Barrier(4), []

    def click() -> None:
        try:
            barrier.wait()
            launching.launch(Campaign.objects.get(pk=campaign.pk), snapshot)
            told.append("launched")
        except CannotLaunch as problem:
            told.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(words[:24] for words in told) == ["This campaign is already"] * 3 + ["launched"]
    assert campaign.sends.count() == 20


@pytest.mark.django_db
def test_pause_and_resume() -> None:
    campaign = launched(1)
    assert steering.pause(campaign, "lunch")
    assert not steering.pause(campaign, "twice")
    campaign.refresh_from_db()
    assert (campaign.status, campaign.pause_reason) == (Status.PAUSED, "lunch")
    assert steering.resume(campaign)
    assert not steering.resume(campaign)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.pause_reason) == (Status.RUNNING, "")


@pytest.mark.django_db
def test_a_campaign_paused_before_its_time_waits_for_it_again() -> None:
    campaign = launched(1, scheduled_at=timezone.now() + timedelta(hours=1))
    steering.pause(campaign, "wait")
    steering.resume(campaign)
    campaign.refresh_from_db()
    assert campaign.status == Status.SCHEDULED


@pytest.mark.django_db
def test_cancel_spares_those_who_have_not_been_texted_and_says_how_many() -> None:
    campaign = launched(3)
    campaign.sends.filter(to=number(0)).update(state="accepted", finished_at=timezone.now())
    assert steering.cancel(campaign) == 2
    assert states(campaign) == {"accepted": 1, "canceled": 2}
    assert steering.cancel(campaign) is None


@pytest.mark.django_db
def test_a_draft_can_be_canceled() -> None:
    campaign = make_campaign(make_contacts(1))
    assert steering.cancel(campaign) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["queued", "claimed", "posting"])
def test_a_campaign_is_not_finished_while_a_text_is_open(state: str) -> None:
    campaign = launched(1)
    lease = timezone.now() + timedelta(minutes=1) if state != "queued" else None
    campaign.sends.update(state=state, lease_until=lease)
    assert housekeeping.finish(SIMULATOR) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["accepted", "unknown", "failed", "suppressed", "expired", "canceled"])
def test_a_campaign_is_finished_once_every_text_has_ended(state: str) -> None:
    campaign = launched(1)
    campaign.sends.update(state=state, reason="why", finished_at=timezone.now())
    assert housekeeping.finish(SIMULATOR) == 1
    campaign.refresh_from_db()
    assert campaign.status == Status.FINISHED


@pytest.mark.django_db
def test_what_is_left_after_the_last_minute_expires_also_of_a_paused_campaign() -> None:
    campaign = launched(2, expires_at=timezone.now() + timedelta(hours=1))
    steering.pause(campaign, "lunch")
    Campaign.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert housekeeping.expire(SIMULATOR) == 2
    assert states(campaign) == {"expired": 2}
    assert housekeeping.finish(SIMULATOR) == 1


@pytest.mark.django_db
def test_a_text_whose_window_closed_gets_the_next_one() -> None:
    campaign = launched(1, any_hour=False)
    send = campaign.sends.get()
    past = timezone.now() - timedelta(hours=1)
    campaign.sends.update(due_at=past, window_ends_at=past)
    housekeeping.move_to_next_window([send.pk])
    send.refresh_from_db()
    assert send.window_ends_at is not None
    assert send.window_ends_at > timezone.now()
    assert send.due_at > past


@pytest.mark.django_db
def test_who_opts_out_while_a_launch_is_being_filled_is_not_texted_and_is_counted() -> None:
    campaign = make_campaign(make_contacts(3))
    snapshot = rehearsal.rehearse(campaign)
    launching.begin(campaign, snapshot)
    suppress([number(1)], source=Suppression.Source.STAFF)
    launching.fill(campaign)
    assert states(campaign) == {"queued": 2, "suppressed": 1}


@pytest.mark.django_db
def test_a_cancel_in_the_middle_of_a_launch_spares_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "CHUNK", 2)
    campaign = make_campaign(make_contacts(5))
    launching.begin(campaign, rehearsal.rehearse(campaign))

    def cancel_after(copied: int) -> None:
        assert steering.cancel(campaign) in (5, None)

    launching.fill(campaign, cancel_after)
    assert (campaign.status, states(campaign)) == (Status.CANCELED, {"canceled": 2})


@pytest.mark.django_db
def test_a_rehearsed_window_that_closed_asks_for_a_new_rehearsal() -> None:
    campaign = make_campaign(make_contacts(1), any_hour=False)
    snapshot = rehearsal.rehearse(campaign)
    with (
        time_machine.travel(timezone.now() + timedelta(days=2)),
        pytest.raises(CannotLaunch, match="hours are over"),
    ):
        launching.launch(campaign, snapshot)
