"""The inbox by hand: two of staff, one customer's phone, an agent that answers until it is switched off."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns import launching, rehearsal, steering
from campaigns.models import Campaign, Send
from contacts.models import Contact, Suppression
from conversations.models import Conversation
from simulator.config import Config
from simulator.server import Simulator
from tests.browser.test_main_job import PATIENCE, SECRET
from tests.conversations.calls import apply, call, sent_text, text_call
from tests.conversations.staff import FRONT_DESK, colleague
from tests.makers import make_account, make_agent, make_campaign, make_contacts, number
from tests.processes import wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a password of length"
INBOX = "/conversations/conversation/"


class Phone:
    """The customer's phone at the simulator."""

    def __init__(self, simulator: Simulator, number: str) -> None:
        self._url = f"{simulator.url}/_handsets/{number}"

    def says(self, words: str) -> None:
        self._post("reply", {"body": words})

    def switches_agent(self, *, on: bool) -> None:
        """What somebody does in Revmo's own interface."""
        self._post("agent", {"on": on})

    def texts(self) -> list[str]:
        with urllib.request.urlopen(self._url) as answer:
            return [text["body"] for text in json.load(answer)["texts"]]

    def _post(self, verb: str, value: dict[str, object]) -> None:
        body, headers = json.dumps(value).encode(), {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{self._url}/{verb}", body, headers)).close()


@contextmanager
def a_campaign_to_jane(live_server: LiveServer) -> Iterator[Phone]:
    """Simulator and worker at work, and a text that Jane has."""
    config = Config(port=0, delivery_delay=0.4, webhook_url=f"{live_server.url}/webhooks/revmo/", webhook_secret=SECRET)
    with Simulator(config).running() as simulator, worker(simulator.url, REVMO_WEBHOOK_SECRETS=SECRET):
        agent = make_agent(make_account(name="Riverside Clinic"))
        people = make_contacts(1, first_name="Jane", last_name="Doe", time_zone=_zone_where_it_is_noon())
        campaign = make_campaign(people, agent=agent, message="Hi {{ first_name }}, see you tomorrow?")
        launching.launch(campaign, rehearsal.rehearse(campaign))
        phone = Phone(simulator, people[0].phone)
        wait_until(lambda: Send.objects.filter(delivery="delivered").exists())
        yield phone


def _zone_where_it_is_noon() -> str:
    """So that the tests run within Jane's hours whenever they run."""
    ahead = (12 - timezone.now().hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


@contextmanager
def desk_of(
    browser: Browser, live_server: LiveServer, user: User, width: int = 1400, zone: str = "UTC"
) -> Iterator[Page]:
    """This colleague's own browser, signed in, on a computer in `zone`."""
    user.set_password(PASSWORD)
    user.save()
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, timezone_id=zone)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(live_server.url)
    page.get_by_label("Username").fill(user.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"{live_server.url}/")
    page.goto(live_server.url + INBOX)
    yield page
    page.goto("about:blank")  # it polls no more while the database is emptied
    page.wait_for_load_state("networkidle")
    context.close()
    assert complaints == []


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REVMO_WEBHOOK_SECRETS", SECRET)
    expect.set_options(timeout=PATIENCE)


def test_two_staff_and_one_phone(browser: Browser, live_server: LiveServer) -> None:
    dana, sam = colleague("Dana", *FRONT_DESK), colleague("Sam", *FRONT_DESK)
    with (
        a_campaign_to_jane(live_server) as phone,
        desk_of(browser, live_server, dana) as hers,
        desk_of(browser, live_server, sam) as his,
    ):
        phone.says("When do you open?")
        for page in (hers, his):  # the list tells of it without a reload
            page.get_by_role("link", name="Jane Doe").first.click()
            expect(page.locator("#conversation-texts")).to_contain_text("When do you open?")

        # Sam begins to write; Dana sees it, takes over, and answers while the agent is about to.
        his.locator("#reply").press_sequentially("We op")
        expect(hers.locator("#writers")).to_contain_text("Sam is writing")
        hers.get_by_role("button", name="Take over").click()
        expect(hers.locator("#pane-state")).to_contain_text("You have this since")
        expect(hers.locator("#pane-state")).to_contain_text("Revmo has not confirmed that the agent is off")
        expect(his.locator("#pane-state")).to_contain_text("Dana has this since")
        phone.says("And on Sunday?")
        expect(hers.locator("#pane-state [role=alert]")).to_contain_text("after Dana took over")
        hers.locator("#reply").fill("We open at 8, on Sundays at 10.")
        hers.get_by_role("button", name="Send", exact=True).dblclick()
        expect(hers.locator("#conversation-texts")).to_contain_text("We open at 8, on Sundays at 10.")
        expect(hers.locator("#reply")).to_have_value("")
        wait_until(lambda: phone.texts().count("We open at 8, on Sundays at 10.") == 1)

        # Sam presses Send on what is outdated by now: asked, not sent; he reads and leaves it.
        his.locator("#reply").fill("We open at nine.")
        his.get_by_role("button", name="Send", exact=True).click()
        expect(his.locator(".doubts")).to_contain_text("Dana has this since")
        expect(his.locator(".doubts")).to_contain_text("Something was said since you began to write")
        his.get_by_role("button", name="Do not send; keep writing").click()
        expect(his.locator("#reply")).to_have_value("We open at nine.")

        # The agent is switched off at Revmo, and only then said to be off.
        phone.switches_agent(on=False)
        expect(hers.locator("#pane-state")).to_contain_text("Revmo has confirmed that the agent is off")

        # Handing back is a text that Jane reads; from there the agent answers.
        hers.locator("#reply").fill("I hand you back to our assistant.")
        hers.get_by_role("button", name="Send and hand back to the agent").click()
        expect(hers.locator("#pane-state")).to_contain_text("Nobody has this")
        wait_until(lambda: "I hand you back to our assistant." in phone.texts())
        phone.says("Yes, that works")
        expect(hers.locator("#conversation-texts .voice-agent").last).to_contain_text("you are confirmed")
    assert Send.objects.filter(reply__isnull=False).count() == 2


def test_stop_in_the_middle_is_seen_at_once_and_nobody_is_answered(browser: Browser, live_server: LiveServer) -> None:
    dana = colleague("Dana", *FRONT_DESK)
    with a_campaign_to_jane(live_server) as phone, desk_of(browser, live_server, dana) as page:
        phone.says("Hello")
        page.get_by_role("link", name="Jane Doe").first.click()
        page.locator("#reply").fill("Hello Jane")
        phone.says("STOP")
        expect(page.locator("#pane-state")).to_contain_text("Opted out")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("#composer [role=alert]")).to_contain_text("opted out")
        expect(page.locator("#reply")).to_have_value("Hello Jane")
    assert Suppression.objects.standing().exists()
    assert not Send.objects.filter(reply__isnull=False).exists()


def test_stop_in_mid_campaign_ends_what_is_owed_to_them_and_nothing_else(
    browser: Browser, live_server: LiveServer
) -> None:
    dana = colleague("Dana", *FRONT_DESK)
    with a_campaign_to_jane(live_server) as phone, desk_of(browser, live_server, dana) as page:
        jane = Contact.objects.get()
        joe = Contact.objects.create(phone=number(1), first_name="Joe", time_zone=jane.time_zone)
        second = make_campaign([jane, joe], agent=Campaign.objects.get().agent, name="Reminder", message="One more")
        with transaction.atomic():  # so that it waits in its middle until Jane has spoken
            launching.launch(second, rehearsal.rehearse(second))
            steering.pause(second, "In the middle of it.")
        phone.says("STOP")
        page.get_by_role("link", name="Jane Doe").first.click()
        expect(page.locator("#pane-state")).to_contain_text("Opted out")
        steering.resume(second)
        wait_until(lambda: second.sends.filter(contact=joe, delivery="delivered").exists())
        hers = second.sends.get(contact=jane)
        assert (hers.state, hers.attempts) == ("suppressed", 0)
        assert "One more" not in phone.texts()
        page.reload()
        expect(page.locator("#conversation-texts")).to_contain_text("STOP")
        expect(page.locator("#conversation-texts")).not_to_contain_text("One more")


def test_the_keys_move_reply_and_finish_but_not_while_typing(browser: Browser, live_server: LiveServer) -> None:
    make_agent(make_account())
    for contact in make_contacts(3, last_name="Doe"):
        apply(text_call(sent_text(contact=contact), "Hello"))
    with desk_of(browser, live_server, colleague("Dana", *FRONT_DESK)) as page:
        page.keyboard.press("j")
        expect(page.locator("#pane h2")).to_have_text("Person 2 Doe")
        page.keyboard.press("j")
        expect(page.locator("#pane h2")).to_have_text("Person 1 Doe")
        page.keyboard.press("k")
        expect(page.locator("#pane h2")).to_have_text("Person 2 Doe")
        page.keyboard.press("r")
        page.keyboard.type("j e k")
        expect(page.locator("#reply")).to_have_value("j e k")
        expect(page.locator("#pane h2")).to_have_text("Person 2 Doe")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        expect(page.get_by_text("1 conversation is marked as done")).to_be_visible()
        expect(page.locator("#pane h2")).to_have_text("Person 1 Doe")
    assert Conversation.objects.filter(unread=False).count() == 1


def test_it_works_on_a_phone(browser: Browser, live_server: LiveServer) -> None:
    contact = make_contacts(1, first_name="Jane", last_name="Doe")[0]
    send = sent_text(contact=contact)
    apply(text_call(send, "Hello, is anybody there? " * 6))
    apply(call("sms.handoff", thread_id=send.thread_id, reason="Wants a person"))
    with desk_of(browser, live_server, colleague("Dana", *FRONT_DESK), width=390) as page:
        expect(page.locator(".mark-human")).to_contain_text("Agent asks: Wants a person")
        page.get_by_role("link", name="Jane Doe").first.click()
        expect(page.locator("#reply")).to_be_visible()
        expect(page.locator(".inbox-list")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".inbox-list")).to_be_visible()


def test_times_are_on_the_clock_of_the_computer_that_staff_sit_at(browser: Browser, live_server: LiveServer) -> None:
    contact = make_contacts(1, first_name="Jane", last_name="Doe")[0]
    apply(text_call(sent_text(contact=contact), "Hello"))
    with desk_of(browser, live_server, colleague("Dana", *FRONT_DESK), zone="Pacific/Auckland") as page:
        page.get_by_role("link", name="Jane Doe").first.click()
        expect(page.locator("#conversation-side")).to_contain_text("On your clock (Pacific/Auckland)")
        expect(page.locator("#conversation-texts time").last).to_have_attribute("datetime", re.compile(r"\+1[23]:00$"))


def test_open_pages_tell_of_new_texts_and_of_new_rows_without_a_reload(
    browser: Browser, live_server: LiveServer
) -> None:
    """What is being read stays: the list keeps its place, and a choice in it is not swept away."""
    people = make_contacts(30, last_name="Doe")
    sends = [sent_text(contact=contact) for contact in people]
    for send in sends:
        apply(text_call(send, "Hello"))
    with desk_of(browser, live_server, colleague("Dana", *FRONT_DESK)) as page:
        page.goto(f"{live_server.url}{INBOX}?show=unread")
        rows = page.locator("#inbox-rows")
        rows.evaluate("list => { list.scrollTop = 300; }")
        apply(text_call(sends[3], "One more thing"))
        expect(page.locator(".inbox-row").first).to_contain_text("One more thing")
        assert rows.evaluate("list => list.scrollTop") == 300
        box = page.get_by_role("checkbox", name="Choose Person 7 Doe")
        box.check()
        apply(text_call(sends[5], "And one from me"))
        with page.expect_response(lambda response: "/rows/" in response.url, timeout=PATIENCE):
            page.get_by_role("checkbox", name="Choose Person 7 Doe").uncheck()
        expect(page.locator(".inbox-row").first).to_contain_text("And one from me")
