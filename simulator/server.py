"""The addresses: the documented call, the ledger, the handsets; and the life of the server."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from simulator.calls import Call, Refused, number_named, read_call
from simulator.config import Config
from simulator.control import PATH as CONTROL
from simulator.control import Control
from simulator.handsets import PREFIX, Handsets
from simulator.http import MAX_HEADER, Ending, Request, Response, converse
from simulator.ledger import Ledger
from simulator.limiter import Limiter
from simulator.outcomes import Name, special_for
from simulator.scenarios import Scenarios
from simulator.webhooks import Webhooks
from simulator.world import World

PATH = "/v1/startsms/"
START_SECONDS = 10.0


class Simulator:
    """One simulator, served once: `serve` in a loop of one's own, `running` in a thread beside a test.

    Raises Misconfigured.
    """

    def __init__(self, config: Config) -> None:
        config.check()
        self.config = config
        self.port = config.port
        scenarios = Scenarios(config.scenarios)
        self._webhooks = Webhooks(config, scenarios)
        self._world = World(config, self._webhooks, scenarios)
        self._handsets = Handsets(self._world)
        self._control = Control(self._world, self._webhooks, scenarios)
        self._ledger = Ledger()
        self._limiter = Limiter(config.rate)
        self._busy_once: set[str] = set()

    @property
    def url(self) -> str:
        """The origin that it serves; the port is known once it listens."""
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        return f"http://{host}:{self.port}"

    def ledger(self) -> dict[str, Any]:
        """As `GET /_ledger` answers; from any thread."""
        return self._ledger.counts()

    def requests(self) -> list[dict[str, Any]]:
        """As `GET /_ledger/requests` answers; from any thread."""
        return self._ledger.requests()

    async def serve(self, stop: asyncio.Event, on_listening: Callable[[], None]) -> None:
        """Serve until `stop`. Raises OSError where the address cannot be taken."""
        server = await asyncio.start_server(
            lambda reader, writer: converse(self._answer, reader, writer),
            self.config.host,
            self.config.port,
            limit=MAX_HEADER,
            backlog=1024,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._webhooks.start()
        on_listening()
        try:
            await stop.wait()
        finally:
            server.close()
            await self._webhooks.stop()

    @contextmanager
    def running(self) -> Iterator["Simulator"]:
        """Serve in a thread for the length of the block. Raises OSError where the address cannot be taken."""
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

        async def live() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            await self.serve(stop, lambda: started.set_result((loop, stop)))

        def work() -> None:
            try:
                asyncio.run(live())
            except BaseException as problem:
                if started.done():
                    raise
                started.set_exception(problem)

        thread = threading.Thread(target=work, name="simulator", daemon=True)
        thread.start()
        loop, stop = started.result(START_SECONDS)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()

    async def _answer(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        if path == PATH:
            return await self._start_sms(request)
        if request.method == "POST" and path.startswith(PREFIX):
            return self._handsets.act(request)
        if request.method == "POST" and path.startswith(f"{CONTROL}/"):
            return self._control.act(request)
        if request.method != "GET":
            return Response.error(404, "There is nothing here.")
        if path in ("/", "/handsets"):
            return self._handsets.page()
        if path == "/healthz":
            return Response.of({"status": "ok"})
        if path == CONTROL:
            return self._control.look()
        if path == "/_ledger":
            return Response.of(self.ledger())
        if path == "/_ledger/requests":
            return Response.of(self.requests())
        if path == PREFIX.rstrip("/") or path.startswith(PREFIX):
            return self._handsets.look(request.target)
        return Response.error(404, "There is nothing here.")

    async def _start_sms(self, request: Request) -> Response:
        entry = self._ledger.note(number_named(request.body), request.body)
        if self.config.latency:
            await asyncio.sleep(self.config.latency)
        response = await self._judged(request)
        if response.ending is Ending.ANSWER:
            entry.status = response.status
        return response

    async def _judged(self, request: Request) -> Response:
        if seconds := self._limiter.wait(time.monotonic()):
            return _too_many(seconds)
        try:
            return await self._outcome(read_call(request, self.config.api_key))
        except Refused as refusal:
            return Response.error(refusal.status, str(refusal))

    async def _outcome(self, call: Call) -> Response:
        if self._world.has_opted_out(call.to):
            raise Refused(400, "The recipient has opted out.")
        special = special_for(call.to)
        match special.name if special else None:
            case Name.REFUSED:
                raise Refused(400, "The number cannot receive texts.")
            case Name.ERROR:
                return Response.error(500, "Something went wrong.")
            case Name.RESET:
                return Response(ending=Ending.RESET)
            case Name.SILENT:
                return Response(ending=Ending.SILENCE)
            case Name.BUSY if call.to not in self._busy_once:
                self._busy_once.add(call.to)
                return _too_many(1)
            case Name.SLOW:
                await asyncio.sleep(self.config.slow_delay)
        thread = self._world.accept(call, self._ledger.accept(call.to))
        return Response.of({"result": "Ok", "thread_id": thread.id})


def _too_many(seconds: int) -> Response:
    return Response.error(429, "Too many requests.", {"Retry-After": str(seconds)})
