"""The scenarios over HTTP: what is on, how the webhook has answered, and a flood on demand."""

import dataclasses
from typing import Any

from simulator.http import Request, Response
from simulator.local import refusal, value_of
from simulator.scenarios import MEANINGS, Scenario, Scenarios
from simulator.webhooks import Webhooks
from simulator.world import World

PATH = "/_scenarios"
MOST_EVENTS = 100_000


class Control:
    """Answers the page's calls."""

    def __init__(self, world: World, webhooks: Webhooks, scenarios: Scenarios) -> None:
        self._world, self._webhooks, self._scenarios = world, webhooks, scenarios

    def look(self) -> Response:
        """`GET /_scenarios`: each with `on`, and the events so far."""
        scenarios = [
            {"name": one.value, "meaning": meaning, "on": one in self._scenarios} for one, meaning in MEANINGS.items()
        ]
        events = dataclasses.asdict(self._scenarios.tally) | {"waiting": self._webhooks.waiting}
        return Response.of({"scenarios": scenarios, "events": events})

    def act(self, request: Request) -> Response:
        """`POST /_scenarios/<name>` with `on`, `POST /_scenarios/flood` with `events`, how many; both in JSON."""
        if no := refusal(request):
            return no
        name, value = request.target.removeprefix(f"{PATH}/"), value_of(request)
        if name == "flood":
            return self._flood(value.get("events"))
        if name not in set(Scenario):
            return Response.error(404, "There is nothing here.")
        on = value.get("on")
        if not isinstance(on, bool):
            return Response.error(400, "Say true or false in on.")
        self._scenarios.switch(Scenario(name), on)
        return self.look()

    def _flood(self, amount: Any) -> Response:
        if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= MOST_EVENTS:
            return Response.error(400, f"A flood has 1 to {MOST_EVENTS} events.")
        if not self._world.flood(amount):
            return Response.error(409, "No text has arrived yet, so there is nothing to report on.")
        return self.look()
