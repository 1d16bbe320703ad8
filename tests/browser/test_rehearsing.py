"""A large rehearsal by hand: a real worker does it, the page shows how far it is, and it can be given up."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Page, expect
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.live_server_helper import LiveServer

from campaigns import rehearsal
from campaigns.models import Campaign, Rehearsal
from contacts.models import Contact
from tests.browser.test_launching import PASSWORD, sign_in
from tests.browser.test_main_job import PATIENCE
from tests.makers import make_campaign, make_list
from tests.processes import ROOT, environment, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = rehearsal.AT_ONCE + 500
BATCH, GATE = 1_000, 52_001
# `manage.py worker` as it is, but that it goes through a gate, outside of any transaction, after its first batch.
WORKER = f"""
import django; django.setup()
from django.core.management import call_command
from django.db import connection
from campaigns import rehearsal

def through_the_gate(record, *others):
    if record.through:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock({GATE}), pg_advisory_unlock({GATE})")
    return write_down(record, *others)

rehearsal.BATCH = {BATCH}
write_down, rehearsal._write_down = rehearsal._write_down, through_the_gate
call_command("worker")
"""


@contextmanager
def gated_worker() -> Iterator[None]:
    """A worker process for the length of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env=environment("http://127.0.0.1:9", DJANGO_SETTINGS_MODULE="revmo_campaigns.settings"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def gate_shut() -> Iterator[None]:
    """While the block lasts, the worker gets no further than its first batch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])


def begin(page: Page, live_server: LiveServer) -> Campaign:
    """Rehearse a draft for so many people that it is a job."""
    User.objects.create_superuser("dana", "dana@example.com", PASSWORD)
    people = Contact.objects.bulk_create(
        Contact(phone=f"+1202{2000000 + index}", first_name=f"Person {index}") for index in range(PEOPLE)
    )
    campaign = make_campaign()
    campaign.lists.set([make_list(people)])
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    sign_in(page, live_server, "dana")
    page.goto(f"{live_server.url}/campaigns/campaign/{campaign.pk}/change/")
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.get_by_text(f"Rehearsing {PEOPLE:,} people")).to_be_visible()
    return campaign


def no_job_is_left() -> bool:
    return not ProcrastinateJob.objects.filter(task_name="campaigns.rehearse").exists()


def test_a_worker_rehearses_while_the_page_shows_how_far_it_is(page: Page, live_server: LiveServer) -> None:
    campaign = begin(page, live_server)
    bar = page.get_by_role("progressbar")
    expect(page.get_by_text("If nothing happens for a minute, the worker is not running.")).to_be_visible()
    expect(bar).to_have_attribute("aria-valuenow", "0")
    with gated_worker():
        with gate_shut():
            expect(page.get_by_text(f"{BATCH:,} of {PEOPLE:,} people")).to_be_visible()
            expect(bar).to_have_attribute("aria-valuenow", str(100 * BATCH // PEOPLE))
            page.goto(f"{live_server.url}/")  # it goes on without the page, and waits there
            page.goto(f"{live_server.url}/campaigns/campaign/{campaign.pk}/rehearsal/")
            expect(page.get_by_text(f"{BATCH:,} of {PEOPLE:,} people")).to_be_visible()
        # By itself: nobody loads the page again.
        expect(page.get_by_text(f"{PEOPLE:,} people will get a text")).to_be_visible()
    expect(page.get_by_role("button", name=f"Launch: text {PEOPLE:,} people")).to_be_visible()
    snapshot = Rehearsal.objects.get()
    assert (snapshot.status, snapshot.will_send) == (Rehearsal.Status.DONE, PEOPLE)
    assert snapshot.texts.count() == PEOPLE


def test_a_rehearsal_that_is_given_up_stops_in_the_worker_too(page: Page, live_server: LiveServer) -> None:
    campaign = begin(page, live_server)
    with gated_worker():
        with gate_shut():
            expect(page.get_by_text(f"{BATCH:,} of {PEOPLE:,} people")).to_be_visible()
            page.get_by_role("button", name="Cancel the rehearsal").click()
            expect(
                page.get_by_text("The rehearsal is canceled. The draft is kept, and nothing was sent.")
            ).to_be_visible()
        wait_until(no_job_is_left)
    snapshot = Rehearsal.objects.get()
    assert (snapshot.status, snapshot.texts.count()) == (Rehearsal.Status.CANCELED, BATCH)
    assert rehearsal.current(campaign) is None
    page.goto(f"{live_server.url}/campaigns/campaign/{campaign.pk}/rehearsal/")
    expect(page.get_by_text("There is no whole rehearsal.")).to_be_visible()
    expect(page.get_by_role("button", name="Rehearse again")).to_be_visible()
    expect(page.get_by_role("button", name="Launch")).to_have_count(0)
