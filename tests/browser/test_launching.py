"""By hand: rehearse, a colleague approves, launch, pause, resume, cancel; and what was rehearsed is what went out."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign
from tests.browser.test_main_job import PATIENCE, SECRET, simulated
from tests.makers import make_account, make_agent, make_campaign, make_contacts, states
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 40
PASSWORD = "a password of length"


def sign_in(page: Page, live_server: LiveServer, name: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Username").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("link", name="New campaign")).to_be_visible()


def test_rehearse_approve_launch_pause_resume_cancel(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REVMO_WEBHOOK_SECRETS", SECRET)
    dana, _ = (User.objects.create_superuser(name, f"{name}@example.com", PASSWORD) for name in ("dana", "erin"))
    account = make_account(approval_above=10, count_typed_above=10, messages_per_second=1)
    make_campaign(make_contacts(PEOPLE), agent=make_agent(account, is_default=True), created_by=dana)
    campaign = Campaign.objects.get()
    draft = f"{live_server.url}/campaigns/campaign/{campaign.pk}/"
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    with simulated(live_server) as simulator:
        sign_in(page, live_server, "dana")
        page.goto(f"{draft}change/")
        page.get_by_role("button", name="Rehearse", exact=True).click()
        expect(page.get_by_text(f"{PEOPLE} people will get a text")).to_be_visible()
        expect(page.get_by_text("You wrote or rehearsed it, so somebody else must judge it.")).to_be_visible()
        expect(page.get_by_role("button", name="Launch")).to_have_count(0)

        sign_in(page, live_server, "erin")
        page.goto(f"{draft}rehearsal/")
        page.get_by_role("button", name=f"Approve: {PEOPLE} people may be texted").click()
        expect(page.get_by_text("Approved by erin")).to_be_visible()

        sign_in(page, live_server, "dana")
        page.goto(f"{draft}rehearsal/")
        page.get_by_label(f"Type {PEOPLE} to launch").fill("7")
        page.get_by_role("button", name="Launch").click()
        expect(page.get_by_text(f"Type the number of people, {PEOPLE}, to launch.")).to_be_visible()
        page.get_by_label(f"Type {PEOPLE} to launch").fill(str(PEOPLE))
        page.get_by_role("button", name="Launch").click()
        expect(page.get_by_text(f"Launched to {PEOPLE} people.")).to_be_visible()

        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Nothing more leaves until you resume")).to_be_visible()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("Resumed. Nobody gets a text twice.")).to_be_visible()
        wait_until(lambda: states(campaign).get("accepted", 0) > 0)
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_text("will not be texted.")).to_be_visible()
        page.get_by_role("button", name="Cancel the campaign").click()
        expect(page.get_by_text("Canceled", exact=True).first).to_be_visible()
        wait_until(lambda: set(states(campaign)) == {"accepted", "canceled"})
        rehearsed = dict(campaign.rehearsals.get().texts.values_list("phone", "text"))
        bodies = [call["body"] for call in simulator.requests()]
    sent = {body["to"]: body["override"] for body in bodies}
    assert 0 < len(sent) == len(bodies) < PEOPLE
    assert sent == {to: rehearsed[to] for to in sent}
    assert states(campaign) == {"accepted": len(sent), "canceled": PEOPLE - len(sent)}
