"""What can go wrong on the way of an event, and an agent that talks on: switched on and off while it runs.

| name | what happens |
|---|---|
| duplicates | every event comes three times, under one id |
| disorder | events gather for a moment and come in the opposite order |
| delay | every event comes late |
| forged | beside every event comes another that is not ours: a wrong signature, which must be refused |
| loss | no event comes at all |
| talkative | an agent answers on after staff have texted without it, until it is switched off on the handset |
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scenario(StrEnum):
    """What can be switched on."""

    DUPLICATES = "duplicates"
    DISORDER = "disorder"
    DELAY = "delay"
    FORGED = "forged"
    LOSS = "loss"
    TALKATIVE = "talkative"


MEANINGS = {
    Scenario.DUPLICATES: "Every event comes three times, under one id.",
    Scenario.DISORDER: "Events gather for a moment and come in the opposite order.",
    Scenario.DELAY: "Every event comes late.",
    Scenario.FORGED: "Beside every event comes one with a wrong signature, which must be refused.",
    Scenario.LOSS: "No event comes at all.",
    Scenario.TALKATIVE: "Agents answer on after staff have texted, until they are switched off on the handset.",
}
# How often one event comes while there are duplicates.
COPIES = 3


@dataclass(slots=True)
class Tally:
    """Calls of the webhook so far, and how they were answered. `forged_taken` must stay 0."""

    taken: int = 0
    refused: int = 0
    forged_refused: int = 0
    forged_taken: int = 0


class Scenarios:
    """Which are on. Changed and read inside the server's event loop only."""

    def __init__(self, on: Iterable[Scenario] = ()) -> None:
        self._on = set(on)
        self.tally = Tally()

    def __contains__(self, scenario: Scenario) -> bool:
        return scenario in self._on

    def switch(self, scenario: Scenario, on: bool) -> None:
        """Switch one on or off."""
        (self._on.add if on else self._on.discard)(scenario)
