"""The search of the rail by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from contacts.models import Contact
from tests.browser.test_main_job import PATIENCE, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_slash_a_name_and_enter_open_the_person(page: Page, live_server: LiveServer) -> None:
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    Contact.objects.create(phone="+12025550123", first_name="Jane", last_name="Doe")
    sign_in(page, live_server)
    page.keyboard.press("/")
    box = page.locator("#search-input-command")
    expect(box).to_be_focused()
    box.press_sequentially("0123")
    expect(page.get_by_role("link", name="Jane Doe")).to_be_visible()
    box.press("Enter")
    expect(page.get_by_role("heading", name="Their story")).to_be_visible()
    expect(page.get_by_text("Jane Doe · +1 202-555-0123")).to_be_visible()
