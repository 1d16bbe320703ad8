"""The page: who may drive it, what it lists, and that a text is never more than text."""

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.simulator.wire import ask, eventually, number, on_phone, phone, start_sms

REPLY = json.dumps({"body": "Hello"}).encode()


@pytest.mark.parametrize("path", ["/", "/handsets"])
def test_it_is_one_page_that_says_what_it_is(sim: Simulator, path: str) -> None:
    page = ask(sim, "GET", path)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "SIMULATOR: nothing leaves this machine" in page.raw.decode()
    assert not re.findall(r"(?:src|href)=.?https?:", page.raw.decode())
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_newest_phones_come_first_and_at_most_a_hundred(sim: Simulator) -> None:
    for area in (202, 203):
        for last in range(60):
            start_sms(sim, f"+1{area}55501{last:02d}")
    on_phone(sim, number(5), "reply", {"body": "I moved up"})
    eventually(lambda: phone(sim, number(5))["texts"][-1]["author"] == "agent")
    listed = ask(sim, "GET", "/_handsets").value
    assert listed["count"] == 120
    assert len(listed["phones"]) == 100
    assert listed["phones"][0]["number"] == number(5)
    serials = [one["serial"] for one in listed["phones"]]
    assert serials == sorted(serials, reverse=True)


@pytest.mark.parametrize(("search", "found"), [("0142", 1), ("202 555-014", 3), ("999", 0), ("", 3)])
def test_a_phone_is_found_by_its_digits(sim: Simulator, search: str, found: int) -> None:
    for last in (41, 42, 43):
        start_sms(sim, number(last))
    listed = ask(sim, "GET", f"/_handsets?search={quote(search)}").value
    assert (listed["count"], len(listed["phones"])) == (found, found)


def test_a_phone_shows_what_revmo_was_told(sim: Simulator) -> None:
    thread = start_sms(sim, number(1), trigger="order_status", metadata={"order": "A-17"}).value["thread_id"]
    eventually(lambda: phone(sim, number(1))["texts"][0]["delivery"] == "delivered")
    shown = phone(sim, number(1))
    assert (shown["thread_id"], shown["trigger"], shown["metadata"]) == (
        thread,
        "order_status",
        {"order": "A-17"},
    )


def test_the_page_of_another_site_cannot_drive_it(sim: Simulator) -> None:
    """A browser sends forms and plain text anywhere, and a rebound name in Host; JSON it asks about first."""
    start_sms(sim, number(1))
    path = f"/_handsets/{quote(number(1))}/reply"
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        assert ask(sim, "POST", path, REPLY, {"Content-Type": kind}).status == 415
    rebound = {"Content-Type": "application/json", "Host": f"evil.example:{sim.port}"}
    assert ask(sim, "POST", path, REPLY, rebound).status == 403
    preflight = ask(sim, "OPTIONS", path)
    assert preflight.status == 404
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert len(phone(sim, number(1))["texts"]) == 1


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("reply", b"{", 400),
        ("reply", b"[]", 400),
        ("reply", b'{"body": "  "}', 400),
        ("reply", b'{"body": 5}', 400),
        ("reply", json.dumps({"body": "x" * 1601}).encode(), 400),
        ("agent", b'{"on": "false"}', 400),
        ("agent", b"{}", 400),
        ("dance", b"{}", 404),
        ("reply/more", REPLY, 404),
    ],
)
def test_nonsense_changes_nothing(sim: Simulator, verb: str, body: bytes, status: int) -> None:
    start_sms(sim, number(1))
    headers = {"Content-Type": "application/json"}
    assert ask(sim, "POST", f"/_handsets/{quote(number(1))}/{verb}", body, headers).status == status
    assert len(phone(sim, number(1))["texts"]) == 1
    assert phone(sim, number(1))["agent_on"] is True


def test_a_phone_that_received_nothing_cannot_reply(sim: Simulator) -> None:
    assert on_phone(sim, number(1), "reply", {"body": "Hello?"}).status == 404
    assert ask(sim, "GET", f"/_handsets/{quote(number(1))}").status == 404


def test_in_a_browser_a_person_answers_as_the_customer(sim: Simulator, page: Page) -> None:
    start_sms(sim, number(1), override="<img src=x onerror=document.title='broken'>", metadata={"<b>": "<i>"})
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(sim.url)
    page.get_by_role("button", name="+1 202 555-0101").click()
    texts = page.locator("#texts")
    expect(texts).to_contain_text("<img src=x onerror=document.title='broken'>")
    page.get_by_placeholder("Reply as the customer").fill("Is there parking?")
    page.get_by_role("button", name="Send").click()
    expect(texts).to_contain_text("Is there parking?")
    expect(texts).to_contain_text("Is there anything else?")
    page.get_by_role("button", name="Switch agent off").click()
    expect(page.get_by_text("The agent is off")).to_be_visible()
    assert page.title() == "Handsets · Revmo simulator"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert phone(sim, number(1))["agent_on"] is False
