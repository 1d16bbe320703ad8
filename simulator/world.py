"""Threads and phones: what becomes of a text, and what the agent and the customer do about it."""

import asyncio
import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from simulator import agent
from simulator.calls import Call
from simulator.config import Config
from simulator.outcomes import Name, special_for
from simulator.scenarios import Scenario, Scenarios
from simulator.webhooks import Webhooks

OUR_NUMBER = "+18005550199"  # the one toll-free number kept for fiction
# Shares of the delivery delay.
SENT, DELIVERED, THOUGHT, SPONTANEOUS = 0.3, 1.0, 1.0, 2.0


class Author(StrEnum):
    """Who wrote a text, as the handsets show it."""

    BUSINESS = "business"
    AGENT = "agent"
    CONTACT = "contact"
    STAFF = "human"  # who writes in Revmo's own interface


class Delivery(StrEnum):
    """Where a text is."""

    UNDERWAY = "on its way"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@dataclass(slots=True)
class Text:
    """One text on a phone; `at` is UTC."""

    author: Author
    body: str
    delivery: Delivery = Delivery.DELIVERED
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True)
class Thread:
    """One conversation that a call began."""

    id: str
    call: Call
    agent_on: bool
    text: Text


@dataclass(slots=True)
class Phone:
    """A customer's phone. `thread` is the latest, `agent_thread` the one whose agent speaks, if any does.

    They differ while an agent talks on after staff have begun a thread without one. `serial` grows with every
    change on any phone.
    """

    number: str
    thread: Thread
    agent_thread: Thread
    texts: list[Text] = field(default_factory=list)
    blocked: bool = False
    serial: int = 0


class World:
    """The state of the simulator. Changed only inside the server's event loop."""

    def __init__(self, config: Config, webhooks: Webhooks, scenarios: Scenarios) -> None:
        self._config = config
        self._webhooks = webhooks
        self._scenarios = scenarios
        self._phones: dict[str, Phone] = {}
        self._serial = 0
        self._messages = 0

    def phone(self, number: str) -> Phone | None:
        """The phone of a number that ever received a text."""
        return self._phones.get(number)

    def newest(self, search: str, limit: int) -> tuple[int, list[Phone]]:
        """How many phones have `search` in their number, and those of them where something happened last."""
        digits = "".join(character for character in search if character.isdigit())
        found = [phone for phone in self._phones.values() if digits in phone.number]
        return len(found), heapq.nlargest(limit, found, key=lambda phone: phone.serial)

    def has_opted_out(self, number: str) -> bool:
        """Did this phone send STOP, and not START after it?"""
        phone = self._phones.get(number)
        return phone is not None and phone.blocked

    def accept(self, call: Call, count: int) -> Thread:
        """Begin a thread, the `count`-th to this number: its text goes out and its events follow."""
        body = call.override or agent.opening(call.trigger, call.metadata)
        text = Text(Author.BUSINESS if call.override else Author.AGENT, body, Delivery.UNDERWAY)
        thread = Thread(self._id("thr", f"{call.to}:{count}"), call, not call.no_agent, text)
        phone = self._phones.setdefault(call.to, Phone(call.to, thread, thread))
        phone.thread = thread
        if thread.agent_on or Scenario.TALKATIVE not in self._scenarios:
            phone.agent_thread = thread
        self._show(phone, text)
        if not call.override:
            self._message(thread, text)
        self._later(SENT, lambda: self._status(thread, "sent"))
        self._later(DELIVERED, lambda: self._arrive(thread))
        return thread

    def reply(self, phone: Phone, body: str) -> None:
        """The customer texts; the agent of the thread may answer."""
        text = Text(Author.CONTACT, body)
        thread = phone.agent_thread
        if agent.is_stop(body):
            phone.blocked = True
        elif agent.is_start(body):
            phone.blocked = False
        self._show(phone, text)
        self._message(phone.thread, text)
        if phone.blocked or not thread.agent_on or agent.is_start(body):
            return
        if agent.wants_human(body):
            self._later(THOUGHT, lambda: self._hand_over(thread))
        else:
            self._later(THOUGHT, lambda: self._answer(phone, thread, body))

    def staff_text(self, phone: Phone, body: str) -> None:
        """Somebody writes to the customer in Revmo's own interface."""
        text = Text(Author.STAFF, body)
        self._show(phone, text)
        self._message(phone.thread, text)

    def switch_agent(self, phone: Phone, on: bool) -> None:
        """Somebody switches the agent in Revmo's own interface."""
        thread = phone.agent_thread
        thread.agent_on = on
        self._touch(phone)
        self._webhooks.send("sms.agent", {"thread_id": thread.id, "agent_enabled": on})

    def flood(self, amount: int) -> int:
        """Report `amount` times at once on the phones that there are: two receipts, then a text, in turn.

        Returns how many events that made. All are of today's texts, so the receiver should end as it was, but for
        the texts.
        """
        phones = list(self._phones.values())
        if not phones:
            return 0
        self._webhooks.flood([self._of_a_flood(phones[turn % len(phones)], turn) for turn in range(amount)])
        return amount

    def _of_a_flood(self, phone: Phone, turn: int) -> tuple[str, dict[str, Any]]:
        kind = turn // len(self._phones) % 3
        if kind < 2:
            return "sms.status", _report(phone.thread, ("sent", phone.thread.text.delivery.value)[kind])
        return "sms.message", self._said(phone.thread, Text(Author.CONTACT, f"Flood, text {turn}"))

    def _arrive(self, thread: Thread) -> None:
        special = special_for(thread.call.to)
        phone = self._phones[thread.call.to]
        lost = special is not None and special.name is Name.UNDELIVERED
        thread.text.delivery = Delivery.UNDELIVERED if lost else Delivery.DELIVERED
        self._touch(phone)
        self._status(thread, thread.text.delivery.value)
        if special is not None and special.reply:
            words = special.reply
            self._later(SPONTANEOUS - DELIVERED, lambda: self.reply(phone, words))

    def _hand_over(self, thread: Thread) -> None:
        if thread.agent_on:
            self._webhooks.send("sms.handoff", {"thread_id": thread.id, "reason": "The customer asked for a human."})

    def _answer(self, phone: Phone, thread: Thread, words: str) -> None:
        if not thread.agent_on or phone.blocked:  # switched off, or STOP, while it was thinking
            return
        text = Text(Author.AGENT, agent.answer(words, thread.call.trigger, thread.call.metadata))
        self._show(phone, text)
        self._message(thread, text)

    def _status(self, thread: Thread, status: str) -> None:
        self._webhooks.send("sms.status", _report(thread, status))

    def _message(self, thread: Thread, text: Text) -> None:
        self._webhooks.send("sms.message", self._said(thread, text))

    def _said(self, thread: Thread, text: Text) -> dict[str, Any]:
        self._messages += 1
        theirs = thread.call.to
        sender, to = (theirs, OUR_NUMBER) if text.author is Author.CONTACT else (OUR_NUMBER, theirs)
        return {
            "thread_id": thread.id,
            "message_id": self._id("msg", str(self._messages)),
            "from": sender,
            "to": to,
            "author": text.author.value,
            "body": text.body,
        }

    def _id(self, kind: str, name: str) -> str:
        digest = hashlib.sha256(f"{self._config.seed}:{kind}:{name}".encode()).hexdigest()
        return f"{kind}_{digest[:20]}"

    def _show(self, phone: Phone, text: Text) -> None:
        phone.texts.append(text)
        self._touch(phone)

    def _touch(self, phone: Phone) -> None:
        self._serial += 1
        phone.serial = self._serial

    def _later(self, share: float, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(share * self._config.delivery_delay, work)


def _report(thread: Thread, status: str) -> dict[str, Any]:
    """What the carrier says; "on its way" is "sent" in its words."""
    data: dict[str, Any] = {"thread_id": thread.id, "to": thread.call.to, "status": status}
    if status == Delivery.UNDERWAY:
        data["status"] = "sent"
    if status == Delivery.UNDELIVERED:
        data |= {"error_code": "30005", "error_message": "Unknown destination handset"}
    if thread.call.metadata:
        data["metadata"] = thread.call.metadata
    return data
