"""Who gets it, by hand: a segment built by keyboard and mouse, used both ways; two browsers on one draft."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.audience import audience
from campaigns.models import Campaign, Segment
from contacts.models import Attribute
from tests.browser.test_main_job import PATIENCE, sign_in
from tests.makers import make_agent, make_campaign, make_contacts, make_list

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def patience(page: Page) -> None:
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)


def test_a_segment_is_built_counted_and_used_both_ways(page: Page, live_server: LiveServer) -> None:
    make_agent(is_default=True)
    Attribute.objects.create(name="city", label="City", kind="text")
    people = make_contacts(6, attributes={"city": "Washington"})
    people[5].attributes = {"city": "Arlington"}
    people[5].save()
    make_list(people, "Patients")
    make_list(people[:1], "Staff")
    sign_in(page, live_server)
    page.goto(f"{live_server.url}/campaigns/segment/add/")

    count = page.locator("#answer .big-number strong")
    page.get_by_label("Name of the segment").fill("Locals")
    page.get_by_label("What the condition is about").select_option(label="City")
    page.get_by_label("Compared with").fill("washington")
    expect(count).to_have_text("5")
    page.keyboard.press("Tab")  # past the button that takes it out
    page.get_by_role("button", name="Add a condition").first.press("Enter")
    added = page.locator("select[name='1.field']")
    expect(added).to_be_focused()
    added.select_option(label="A list")
    expect(added).to_be_focused()
    page.locator("select[name='1.op']").select_option("not_on")
    page.locator("select[name='1.value']").select_option(label="Staff")
    expect(count).to_have_text("4")

    page.get_by_role("button", name="Add a group").click()
    page.locator("select[name='2.0.field']").select_option(label="First name")
    page.locator("input[name='2.0.value']").fill("Person 1")
    expect(count).to_have_text("1")
    page.locator("fieldset fieldset").get_by_role("button", name="Add a condition").click()
    page.locator("select[name='2.1.field']").select_option(label="First name")
    page.locator("input[name='2.1.value']").fill("Person 2")
    expect(count).to_have_text("2")
    sentence = "Everybody whose “City” is “washington” and who is not on “Staff” and"
    expect(page.locator("#answer")).to_contain_text(sentence)
    page.locator("input[name=name]").press("Enter")  # saves, and takes nothing out
    expect(page.get_by_text("“Locals” is saved")).to_be_visible()
    assert len(Segment.objects.get().question["rules"]) == 3

    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("#answer")).to_contain_text(sentence)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways on a phone"
    page.set_viewport_size({"width": 1280, "height": 900})

    page.goto(f"{live_server.url}/campaigns/campaign/add/")
    page.locator("input[name=name]").fill("Spring")
    page.locator("#id_lists").get_by_label("Patients").check()
    expect(page.locator("#people")).to_contain_text("those who are on Patients")
    page.get_by_text("Leave people out").click()
    page.locator("#id_excluded_segments").get_by_label("Locals").check()
    expect(page.locator("#people .sum-line strong")).to_have_text("4")
    page.get_by_label("Is somebody in it, and why?").fill("0101")
    expect(page.locator("#asked_answer")).to_contain_text("Left out, with those who are in Locals.")
    page.locator("textarea[name=message]").fill("Hello")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("is saved as a draft")).to_be_visible()
    assert audience(Campaign.objects.get()).count() == 4

    page.locator("#id_excluded_segments").get_by_label("Locals").uncheck()
    page.locator("#id_lists").get_by_label("Patients").uncheck()
    page.locator("#id_segments").get_by_label("Locals").check()
    expect(page.locator("#people .sum-line strong")).to_have_text("2")


def test_two_browsers_on_one_draft(browser: Browser, page: Page, live_server: LiveServer) -> None:
    campaign = make_campaign(make_contacts(2))
    address = f"{live_server.url}/campaigns/campaign/{campaign.pk}/change/"
    sign_in(page, live_server)
    User.objects.filter(username="dana").update(first_name="Dana")
    context = browser.new_context(storage_state=page.context.storage_state())
    other = context.new_page()
    other.set_default_timeout(PATIENCE)
    page.goto(address)
    other.goto(address)

    other.locator("textarea[name=message]").fill("Hello from the other browser")
    other.get_by_role("button", name="Save the draft").click()
    expect(other.get_by_text("is saved as a draft")).to_be_visible()
    context.close()

    page.locator("input[name=name]").fill("Summer")
    page.get_by_role("button", name="Save the draft").click()
    refused = page.locator("#outrun")
    expect(refused).to_contain_text("Dana changed the message")
    expect(refused).to_contain_text("Hello from the other browser")
    expect(page.locator("input[name=name]")).to_have_value("Summer")
    assert Campaign.objects.get().name == "Spring"
    page.get_by_role("button", name="keep theirs").click()
    expect(page.get_by_text("is saved as a draft")).to_be_visible()
    found = Campaign.objects.get()
    assert (found.name, found.message) == ("Summer", "Hello from the other browser")
    page.get_by_text("Who changed what").click()
    expect(page.locator(".revisions")).to_contain_text("Dana changed the name")
