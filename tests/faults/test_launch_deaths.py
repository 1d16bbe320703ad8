"""A rehearsal and a launch that die by kill -9 in the middle come to the same end, and nothing leaves before it."""

import signal
import subprocess
import sys
from typing import Any

import pytest

from campaigns import launching, rehearsal
from campaigns.models import Account, Campaign, Mode, Rehearsal
from campaigns.sending import housekeeping, queue
from contacts.models import Contact
from tests.makers import make_campaign, make_list
from tests.processes import ROOT, environment, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 3_000
DEATHS = 2
# A process of its own, with short transactions, so that there are many moments to die in.
STEP = """
import django; django.setup()
from campaigns import launching, rehearsal
from campaigns.models import Campaign, Rehearsal
rehearsal.BATCH = launching.CHUNK = 20
{step}
"""
REHEARSE = "rehearsal.work(Rehearsal.objects.get(pk={pk}))"
FILL = "launching.fill(Campaign.objects.get(pk={pk}))"


def die_again_and_again(step: str, record: Any, position: str) -> None:
    """Kill the process that takes the step each time it got on."""
    model, pk = type(record), record.pk

    def stands() -> Any:
        return model.objects.values_list(position, flat=True).get(pk=pk)

    for _ in range(DEATHS):
        before = stands()
        process = subprocess.Popen(
            [sys.executable, "-c", STEP.format(step=step.format(pk=pk))],
            cwd=ROOT,
            env=environment("http://127.0.0.1:9", DJANGO_SETTINGS_MODULE="revmo_campaigns.settings"),
        )
        wait_until(lambda: stands() > before or process.poll() is not None, 180)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was faster than its killer"


def crowd() -> Campaign:
    people = Contact.objects.bulk_create(
        Contact(phone=f"+1202{2000000 + index}", first_name=f"Person {index}" if index % 10 else "")
        for index in range(PEOPLE)
    )
    campaign = make_campaign()
    campaign.lists.set([make_list(people)])
    return campaign


def test_killed_in_the_middle_they_resume_to_the_full_count_and_nothing_is_claimed_before() -> None:
    campaign = crowd()
    snapshot = rehearsal.start(campaign)
    die_again_and_again(REHEARSE, snapshot, "through")
    snapshot.refresh_from_db()
    assert (snapshot.status, rehearsal.current(campaign)) == (Rehearsal.Status.WORKING, None)
    rehearsal.work(snapshot)
    assert (snapshot.will_send, snapshot.held_back) == (PEOPLE * 9 // 10, PEOPLE // 10)
    assert snapshot.texts.count() == PEOPLE

    launching.begin(campaign, snapshot)
    die_again_and_again(FILL, campaign, "launched_through")
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.LAUNCHING
    assert 0 < campaign.sends.count() < snapshot.will_send
    account = Account.objects.get()
    housekeeping.run(Mode.SIMULATOR)
    assert queue.claim(account, Mode.SIMULATOR, 10, 60) == []
    launching.fill(campaign)
    assert campaign.status == Campaign.Status.RUNNING
    rehearsed = snapshot.texts.filter(outcome="will_send").order_by("phone").values_list("phone", "text")
    assert list(campaign.sends.order_by("to").values_list("to", "text")) == list(rehearsed)
    assert len(queue.claim(account, Mode.SIMULATOR, 10, 60)) == 10


def test_a_job_that_was_lost_is_found() -> None:
    campaign = crowd()
    snapshot = rehearsal.start(campaign)
    assert list(rehearsal.silent()) == []
    Rehearsal.objects.update(touched_at=snapshot.created_at - 2 * rehearsal.SILENT_FOR)
    assert list(rehearsal.silent()) == [snapshot.pk]
    assert list(rehearsal.silent()) == []  # the first who asks has it
    rehearsal.work(snapshot)
    launching.begin(campaign, snapshot)
    Campaign.objects.update(filled_at=snapshot.created_at - 2 * launching.SILENT_FOR)
    assert list(launching.silent()) == [campaign.pk]
    assert list(launching.silent()) == []
