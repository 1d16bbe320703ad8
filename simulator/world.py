"""What the simulator remembers: requests, threads, phones; and what happens to a text by itself."""

import asyncio
import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator import agent
from simulator.calls import Call
from simulator.config import Config
from simulator.outcomes import Special, special_for
from simulator.webhooks import Webhooks


@dataclass(slots=True)
class Text:
    """One text on a phone. `author` is business, agent, human or contact."""

    author: str
    body: str
    at: str
    delivered: bool = True


@dataclass(slots=True)
class Thread:
    """One conversation that a call began."""

    id: str
    call: Call
    agent_on: bool


@dataclass(slots=True)
class Phone:
    """A customer's phone."""

    number: str
    texts: list[Text] = field(default_factory=list)
    thread: Thread | None = None
    blocked: bool = False
    serial: int = 0


class World:
    """The state of the simulator; used by one event loop."""

    def __init__(self, config: Config, webhooks: Webhooks) -> None:
        self.config = config
        self.webhooks = webhooks
        self.phones: dict[str, Phone] = {}
        self.threads: dict[str, Thread] = {}
        self.requests: dict[str, int] = defaultdict(int)
        self.accepted: dict[str, int] = defaultdict(int)
        self.log: list[dict[str, Any]] = []
        self._serial = 0
        self._messages = 0

    def note(self, number: str, body: bytes) -> None:
        """Count a request, whatever becomes of it."""
        if number:
            self.requests[number] += 1
        self.log.append({"to": number, "body": body.decode("utf-8", "replace")})

    def accept(self, call: Call) -> Thread:
        """Begin a thread: the text reaches the phone and its events follow."""
        self.accepted[call.to] += 1
        name = f"{self.config.seed}:{call.to}:{self.accepted[call.to]}"
        thread = Thread(f"thr_{hashlib.sha256(name.encode()).hexdigest()[:20]}", call, agent_on=not call.no_agent)
        self.threads[thread.id] = thread
        special = special_for(call.to)
        undelivered = special is not None and special.name == "undelivered"
        phone = self._touch(call.to)
        phone.thread = thread
        text = call.override or agent.opening(call.trigger, call.metadata)
        phone.texts.append(Text("business" if call.override else "agent", text, _now(), delivered=not undelivered))
        if not call.override:
            self._message(thread, "agent", text)
        self._later(0.3, self._status, thread, "sent")
        self._later(1.0, self._status, thread, "undelivered" if undelivered else "delivered")
        if special is not None and special.reply:
            self._later(2.0, self._reply_by_itself, thread, special)
        return thread

    def reply(self, number: str, body: str) -> None:
        """The customer texts; the thread's agent may answer."""
        phone = self._touch(number)
        phone.texts.append(Text("contact", body, _now()))
        thread = phone.thread
        if thread is None:
            return
        self._message(thread, "contact", body)
        if agent.is_stop(body):
            phone.blocked = True
        elif agent.is_start(body):
            phone.blocked = False
        elif agent.wants_human(body):
            self._emit("sms.handoff", {"thread_id": thread.id, "reason": "The customer asked for a human."})
        elif thread.agent_on and not phone.blocked:
            self._later(1.0, self._answer, thread, body)

    def switch_agent(self, number: str, on: bool) -> None:
        """Somebody switches the agent in Revmo's own interface."""
        phone = self.phones.get(number)
        if phone is not None and phone.thread is not None:
            phone.thread.agent_on = on
            self._emit("sms.agent", {"thread_id": phone.thread.id, "agent_enabled": on})

    def ledger(self) -> dict[str, Any]:
        """Per number how often it was asked for and accepted."""
        numbers = {
            number: {"requests": count, "accepted": self.accepted.get(number, 0)}
            for number, count in self.requests.items()
        }
        totals = {"requests": sum(self.requests.values()), "accepted": sum(self.accepted.values())}
        return {"numbers": numbers, "totals": totals}

    def _answer(self, thread: Thread, words: str) -> None:
        if not thread.agent_on:  # switched off while it was thinking
            return
        text = agent.answer(words, thread.call.trigger, thread.call.metadata)
        self._touch(thread.call.to).texts.append(Text("agent", text, _now()))
        self._message(thread, "agent", text)

    def _reply_by_itself(self, thread: Thread, special: Special) -> None:
        self.reply(thread.call.to, special.reply)

    def _status(self, thread: Thread, status: str) -> None:
        data: dict[str, Any] = {"thread_id": thread.id, "to": thread.call.to, "status": status}
        if thread.call.metadata:
            data["metadata"] = thread.call.metadata
        if status == "undelivered":
            data |= {"error_code": "30005", "error_message": "Unknown destination handset"}
        self._emit("sms.status", data)

    def _message(self, thread: Thread, author: str, body: str) -> None:
        self._messages += 1
        message_id = hashlib.sha256(f"{self.config.seed}:message:{self._messages}".encode()).hexdigest()[:20]
        ours, theirs = "+12025550100", thread.call.to
        sender, to = (theirs, ours) if author == "contact" else (ours, theirs)
        data = {"thread_id": thread.id, "message_id": f"msg_{message_id}", "from": sender, "to": to}
        self._emit("sms.message", data | {"author": author, "body": body})

    def _emit(self, kind: str, data: dict[str, Any]) -> None:
        self.webhooks.send(kind, data)

    def _touch(self, number: str) -> Phone:
        phone = self.phones.setdefault(number, Phone(number))
        self._serial += 1
        phone.serial = self._serial
        return phone

    def _later(self, share: float, work: Any, *arguments: Any) -> None:
        """After a share of the delivery delay."""
        asyncio.get_running_loop().call_later(share * self.config.delivery_delay, work, *arguments)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
