"""The main job by hand: sign in, import a spreadsheet, write, rehearse, launch, see it delivered on the phone."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign
from simulator.config import Config
from simulator.server import Simulator
from tests.makers import make_account, make_agent, make_contacts, make_list
from tests.processes import worker

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = f"whsec_{base64.b64encode(b'only for this test, not a secret').decode()}"
# Milliseconds; only ever reached by a test that fails.
PATIENCE = 30_000


@contextmanager
def simulated(live_server: LiveServer) -> Iterator[Simulator]:
    """A simulator that calls our webhook, and a worker that sends to it."""
    webhook = f"{live_server.url}/webhooks/revmo/"
    config = Config(port=0, delivery_delay=0.2, webhook_url=webhook, webhook_secret=SECRET)
    with Simulator(config).running() as simulator, worker(simulator.url):
        yield simulator


def sign_in(page: Page, live_server: LiveServer) -> None:
    User.objects.create_superuser("dana", "dana@example.com", "a password of length")
    page.goto(live_server.url)
    page.get_by_label("Username").fill("dana")
    page.locator("input[name=password]").fill("a password of length")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("link", name="New campaign")).to_be_visible()


def test_from_spreadsheet_to_the_phone(
    page: Page, live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REVMO_WEBHOOK_SECRETS", SECRET)
    make_agent(make_account(name="Riverside Clinic"), is_default=True)
    sheet = tmp_path / "patients.csv"
    sheet.write_text("First name;Mobile\nMaria;(202) 555-0101\nJosé;202 555 0102\nNobody;12\n", encoding="cp1252")
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    with simulated(live_server) as simulator:
        sign_in(page, live_server)

        page.get_by_role("link", name="Import a spreadsheet").first.click()
        page.locator("input[type=file]").set_input_files(sheet)
        page.locator("input[name=new_list]").fill("Patients")
        page.get_by_role("button", name="Show me what it will do").click()
        expect(page.get_by_text("The file is not UTF-8; it was read as Windows-1252.").first).to_be_visible()
        expect(page.get_by_text("José")).to_be_visible()
        page.get_by_role("button", name="Show me what it will do").click()
        expect(page.get_by_text("Digits are missing.")).to_be_visible()
        page.get_by_role("button", name="Import 2 rows").click()
        expect(page.get_by_text("Done: 2 new")).to_be_visible()

        page.get_by_role("link", name="Write a campaign").click()
        page.locator("input[name=name]").fill("Spring checkup")
        page.get_by_label("Patients").check()
        page.locator("textarea[name=message]").fill("Hi {{ first_name }}, time for your checkup.")
        expect(page.get_by_text("Hi Maria, time for your checkup.")).to_be_visible()
        page.locator("input[name=any_hour]").check(force=True)
        page.get_by_role("button", name="Rehearse").click()
        expect(page.get_by_text("Hi José, time for your checkup.").first).to_be_visible()
        page.get_by_role("button", name="Launch: text 2 people").click()

        expect(page.get_by_text("2 of 2 sent")).to_be_visible()
        expect(page.get_by_text("Finished", exact=True).first).to_be_visible()
        expect(page.locator("a.figure", has_text="Delivered").locator("strong").first).to_have_text("2")

        page.goto(simulator.url)
        expect(page.get_by_text("Hi José, time for your checkup.").first).to_be_visible()
        page.goto("about:blank")  # so that nothing asks a simulator that has gone
    assert Campaign.objects.get().sends.filter(delivery="delivered").count() == 2


def test_a_typo_in_a_merge_tag_keeps_the_draft_and_says_what_was_meant(page: Page, live_server: LiveServer) -> None:
    make_agent(is_default=True)
    make_list(make_contacts(1), "Patients")
    sign_in(page, live_server)
    page.get_by_role("link", name="New campaign").click()
    page.locator("input[name=name]").fill("Spring")
    page.get_by_label("Patients").check()
    page.locator("textarea[name=message]").fill("Hi {{ frist_name }}")
    page.get_by_role("button", name="Rehearse").click()
    # The picture of the phone says the same as soon as it has been drawn: what counts here is the form's own error.
    expect(page.get_by_role("alert").filter(has_text="Did you mean “first_name”?")).to_be_visible()
    expect(page.locator("textarea[name=message]")).to_have_value("Hi {{ frist_name }}")
    assert not Campaign.objects.exists()
