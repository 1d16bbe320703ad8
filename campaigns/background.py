"""Rehearsals and launches as jobs. They carry only wake-ups: one that is lost or doubled is harmless."""

import contextlib
from typing import Any

from procrastinate.contrib.django import app

from campaigns import launching, rehearsal
from campaigns.models import Campaign, Rehearsal


@app.task(name="campaigns.rehearse")
def work_on_rehearsal(rehearsal_id: int) -> None:
    """Make the snapshot, or go on with it."""
    found = Rehearsal.objects.select_related("campaign__agent__account", "campaign__trigger").filter(pk=rehearsal_id)
    record = found.filter(status=Rehearsal.Status.WORKING).first()
    if record is not None:
        with contextlib.suppress(rehearsal.CannotRehearse):  # written down, or somebody has canceled it
            rehearsal.work(record)


@app.task(name="campaigns.fill")
def fill_campaign(campaign_id: int) -> None:
    """Queue the texts of a launch, or go on with it."""
    campaign = Campaign.objects.filter(pk=campaign_id, status=Campaign.Status.LAUNCHING).first()
    if campaign is not None:
        launching.fill(campaign)


@app.periodic(cron="* * * * * */10")
@app.task(name="campaigns.go_on", queueing_lock="campaigns.go_on")
def go_on(timestamp: int | None = None) -> None:
    """Find rehearsals and launches whose worker died or whose job was lost."""
    for pk in rehearsal.silent():
        work_on_rehearsal.defer(rehearsal_id=pk)
    for pk in launching.silent():
        fill_campaign.defer(campaign_id=pk)


def rehearse(campaign: Campaign, by: Any) -> Rehearsal:
    """At once where it is quick, else as a job. Raises CannotRehearse."""
    started = rehearsal.start(campaign, by)
    if started.total <= rehearsal.AT_ONCE:
        return rehearsal.work(started)
    work_on_rehearsal.defer(rehearsal_id=started.pk)
    return started


def launch(campaign: Campaign, snapshot: Rehearsal, by: Any) -> None:
    """At once where it is quick, else as a job. Raises CannotLaunch."""
    launching.begin(campaign, snapshot, by)
    if snapshot.will_send <= launching.AT_ONCE:
        launching.fill(campaign)
    else:
        fill_campaign.defer(campaign_id=campaign.pk)
