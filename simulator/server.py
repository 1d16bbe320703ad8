"""The addresses: the documented call, the ledger, and the handsets."""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from simulator.calls import Call, Refused, number_named, read_call
from simulator.config import Config
from simulator.http import MAX_HEADER, Request, Response, converse
from simulator.outcomes import TABLE, special_for
from simulator.webhooks import Webhooks
from simulator.world import Phone, World

PAGE = Path(__file__).with_name("handsets.html")
NEWEST_PHONES = 100


class Simulator:
    """The server. `serve` inside a loop of one's own, `running` beside a test."""

    def __init__(self, config: Config) -> None:
        config.check()
        self.config = config
        self.port = config.port
        self._busy_once: set[str] = set()
        self._recent: deque[float] = deque()

    @property
    def url(self) -> str:
        """The origin that it serves."""
        return f"http://{self.config.host}:{self.port}"

    def ledger(self) -> dict[str, Any]:
        """As `GET /_ledger` answers."""
        return self.world.ledger()

    async def serve(self, stop: asyncio.Event, ready: threading.Event | None = None) -> None:
        """Serve until `stop`. Raises OSError where the port is taken."""
        webhooks = Webhooks(self.config.webhook_url, self.config.webhook_secret, self.config.seed)
        self.world = World(self.config, webhooks)
        server = await asyncio.start_server(
            lambda reader, writer: converse(self._answer, reader, writer),
            self.config.host,
            self.config.port,
            limit=MAX_HEADER,
            backlog=1024,
        )
        self.port = server.sockets[0].getsockname()[1]
        webhooks.start()
        if ready is not None:
            ready.set()
        try:
            await stop.wait()
        finally:
            server.close()
            await webhooks.stop()

    @contextmanager
    def running(self) -> Iterator["Simulator"]:
        """Serve in a thread for the length of the block."""
        loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

        def work() -> None:
            loop.run_until_complete(self.serve(stop, ready))
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

        thread = threading.Thread(target=work, name="simulator", daemon=True)
        thread.start()
        if not ready.wait(10):
            raise RuntimeError("the simulator did not start")
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)

    async def _answer(self, request: Request) -> Response:
        path = urlsplit(request.target).path
        if path == "/v1/startsms/":
            return await self._start_sms(request)
        if request.method == "GET":
            return self._look(path, parse_qs(urlsplit(request.target).query))
        if path.startswith("/_handsets/") and request.method == "POST":
            return self._act(path, request)
        return Response.of({"result": "Error", "error": "There is nothing here."}, 404)

    async def _start_sms(self, request: Request) -> Response:
        self.world.note(number_named(request.body), request.body)
        if self.config.latency:
            await asyncio.sleep(self.config.latency)
        if self._too_fast():
            return Response.of({"result": "Error", "error": "Too many requests."}, 429, Retry_After="1")
        try:
            call = read_call(request, self.config.api_key)
            return await self._outcome(call)
        except Refused as refusal:
            return Response.of({"result": "Error", "error": str(refusal)}, refusal.status)

    async def _outcome(self, call: Call) -> Response:
        phone = self.world.phones.get(call.to)
        if phone is not None and phone.blocked:
            raise Refused(400, "The recipient has opted out.")
        special = special_for(call.to)
        name = special.name if special else ""
        if name == "error":
            return Response.of({"result": "Error", "error": "Something went wrong."}, 500)
        if name == "reset":
            return Response(reset=True)
        if name == "silent":
            await asyncio.sleep(3600)
        if name == "refused":
            raise Refused(400, "The number cannot receive texts.")
        if name == "busy" and call.to not in self._busy_once:
            self._busy_once.add(call.to)
            return Response.of({"result": "Error", "error": "Too many requests."}, 429, Retry_After="1")
        if name == "slow":
            await asyncio.sleep(self.config.slow_delay)
        thread = self.world.accept(call)
        return Response.of({"result": "Ok", "thread_id": thread.id})

    def _too_fast(self) -> bool:
        if not self.config.rate:
            return False
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) >= self.config.rate:
            return True
        self._recent.append(now)
        return False

    def _look(self, path: str, query: dict[str, list[str]]) -> Response:
        if path in ("/", "/handsets"):
            return Response(body=PAGE.read_bytes(), content_type="text/html; charset=utf-8")
        if path == "/healthz":
            return Response.of({"status": "ok"})
        if path == "/_ledger":
            return Response.of(self.world.ledger())
        if path == "/_ledger/requests":
            return Response.of(self.world.log)
        if path == "/_handsets":
            return Response.of(self._newest(query.get("search", [""])[0]))
        if path.startswith("/_handsets/"):
            phone = self.world.phones.get(unquote(path.removeprefix("/_handsets/")))
            if phone is not None:
                return Response.of(_phone(phone, texts=True))
        return Response.of({"result": "Error", "error": "There is nothing here."}, 404)

    def _newest(self, search: str) -> dict[str, Any]:
        digits = "".join(character for character in search if character.isdigit())
        found = [phone for phone in self.world.phones.values() if digits in phone.number]
        found.sort(key=lambda phone: -phone.serial)
        table = [{"digits": one.digits, "name": one.name, "meaning": one.meaning} for one in TABLE.values()]
        return {
            "count": len(found),
            "phones": [_phone(phone, texts=False) for phone in found[:NEWEST_PHONES]],
            "special": table,
        }

    def _act(self, path: str, request: Request) -> Response:
        # Only a page of ours can send JSON here: another site's would be stopped by its browser's preflight.
        if request.headers.get("content-type", "") != "application/json":
            return Response.of({"error": "Send JSON."}, 415)
        try:
            value = json.loads(request.body)
            number, verb = (unquote(part) for part in path.removeprefix("/_handsets/").split("/"))
            if verb == "reply":
                self.world.reply(number, str(value["body"])[:1600])
            elif verb == "agent":
                self.world.switch_agent(number, bool(value["on"]))
            else:
                raise KeyError(verb)
        except (ValueError, TypeError, KeyError):
            return Response.of({"error": "This cannot be read."}, 400)
        return Response.of({"result": "Ok"})


def _phone(phone: Phone, *, texts: bool) -> dict[str, Any]:
    thread = phone.thread
    value: dict[str, Any] = {
        "number": phone.number,
        "last": phone.texts[-1].body[:80] if phone.texts else "",
        "at": phone.texts[-1].at if phone.texts else "",
        "blocked": phone.blocked,
        "agent_on": bool(thread and thread.agent_on),
        "serial": phone.serial,
    }
    if texts:
        value["texts"] = [
            {"author": text.author, "body": text.body, "at": text.at, "delivered": text.delivered}
            for text in phone.texts
        ]
    return value
