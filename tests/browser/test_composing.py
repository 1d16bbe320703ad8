"""The draft by hand: a message written, repaired, mapped and tried on the simulator's handset."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import AllowedNumber, Campaign, Send, Trigger, TriggerKey
from contacts.models import Attribute, Contact
from tests.browser.test_main_job import PATIENCE, SECRET, sign_in, simulated
from tests.makers import make_account, make_agent, make_list, number

pytestmark = pytest.mark.django_db(transaction=True)


def patients() -> None:
    """Maria with an appointment, and somebody without a name or one."""
    Attribute.objects.create(name="visit", label="Visit")
    people = [
        Contact.objects.create(phone=number(0), first_name="Maria", attributes={"visit": "2030-01-07T14:00:00-05:00"}),
        Contact.objects.create(phone=number(1)),
    ]
    make_list(people, "Patients")


def test_a_message_is_written_repaired_mapped_and_tried(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REVMO_WEBHOOK_SECRETS", SECRET)
    agent = make_agent(make_account(name="Riverside Clinic"), is_default=True)
    trigger = Trigger.objects.create(agent=agent, phrase="appointment_reminder")
    TriggerKey.objects.create(trigger=trigger, key="appointment_time", kind="moment", example="2030-01-07T14:00:00Z")
    AllowedNumber.objects.create(phone=number(5), name="Dana’s phone")
    patients()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    message, phone = page.locator("#id_message"), page.locator(".phone-big")
    with simulated(live_server) as simulator:
        sign_in(page, live_server)
        page.get_by_role("link", name="New campaign").first.click()
        page.locator("input[name=name]").fill("Spring")
        page.get_by_label("Patients").check()

        message.fill("It’s time, ")
        page.get_by_text("Insert a merge tag").click()
        page.get_by_role("button", name="First name").click()
        expect(message).to_have_value("It’s time, {{ first_name }}")
        expect(phone).to_contain_text("It’s time, Maria")
        expect(page.get_by_role("button", name="First name")).to_contain_text("1 of 2 blank")

        page.get_by_role("button", name="Replace them").click()
        expect(message).to_have_value("It's time, {{ first_name }}")
        expect(page.locator("#said")).to_contain_text("GSM-7")
        page.get_by_role("button", name="Add “Reply STOP to opt out.”").click()
        expect(phone).to_contain_text("It's time, Maria Reply STOP to opt out.")

        page.get_by_role("button", name="With blanks").click()
        expect(phone).to_contain_text("“first_name” is blank for this person")
        page.get_by_label("Is somebody in it, and why?").fill("0100")
        page.get_by_role("button", name="See their text").press("Enter")
        expect(phone).to_contain_text("Maria")
        page.set_viewport_size({"width": 390, "height": 800})
        order = page.locator("#campaign_form h2").evaluate_all(
            "heads => heads.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
            ".map(head => head.textContent.trim())"
        )
        assert order == ["1 Who", "2 What", "As they will read it", "3 When"]
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_role("button", name="First", exact=True).click()
        expect(phone).to_contain_text("Maria")

        page.get_by_label("Trigger", exact=True).select_option(label="appointment_reminder")
        page.get_by_label("appointment_time").first.select_option(label="Visit")
        expect(page.locator(".told")).to_contain_text("2030-01-07T14:00:00-05:00")
        expect(page.locator("#way")).to_contain_text("the agent goes on with its task")

        page.get_by_role("button", name="Send a test").click()
        page.get_by_label("Dana’s phone").check()
        page.get_by_role("button", name="Send the test").dblclick()
        expect(page.locator("#test_fates")).to_contain_text("Delivered")
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Save the draft").click()
        expect(page.get_by_text("is saved as a draft")).to_be_visible()
        expect(page.get_by_label("appointment_time").first).to_have_value("field:visit")

        page.goto(simulator.url)
        expect(page.get_by_text("It's time, Maria Reply STOP to opt out.").first).to_be_visible()
        page.goto("about:blank")  # the handsets ask for news; before the simulator stops
    assert Campaign.objects.get().metadata == {"appointment_time": "{{ visit }}"}
    send = Send.objects.get()
    assert (send.kind, send.campaign, send.to) == (Send.Kind.TEST, None, number(5))
    assert send.metadata == {"appointment_time": "2030-01-07T14:00:00-05:00"}


def test_a_message_is_kept_and_begun_from(page: Page, live_server: LiveServer) -> None:
    make_agent(is_default=True)
    patients()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    sign_in(page, live_server)
    page.get_by_role("link", name="New campaign").first.click()
    page.locator("#id_message").fill("Hi {{ first_name }}")
    page.get_by_text("Saved messages").last.click()
    page.get_by_label("A name for this message").fill("Hello")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Kept as “Hello”.")).to_be_visible()
    page.locator("#id_message").fill("")
    page.get_by_label("Start from a saved message").select_option(label="Hello")
    expect(page.locator("#id_message")).to_have_value("Hi {{ first_name }}")
