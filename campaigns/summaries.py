"""What a rehearsal adds up to, batch by batch, in a form that JSON keeps. Pure."""

import heapq
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from campaigns.oddness import oddness

SHOWN = 10
HOUR = "%Y-%m-%dT%H"


@dataclass(slots=True)
class Summary:
    """Counts by outcome and by hour, and the numbers of the texts to look at first.

    `due` counts by hour in UTC, `hours` by hour on people's own clocks. `longest`, `oddest` and `random` are pairs of a
    rank and a number, the first to show coming first.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    due: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    signs: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    first_due: str = ""
    last_due: str = ""
    first_local: str = ""
    last_local: str = ""
    first_close: str = ""
    longest: list[tuple[int, str]] = field(default_factory=list)
    oddest: list[tuple[int, str, str]] = field(default_factory=list)
    random: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Summary":
        """As it was kept."""
        summary = cls(**{name: value for name, value in kept.items() if name not in _COUNTERS})
        for name in _COUNTERS:
            setattr(summary, name, Counter(kept.get(name, {})))
        return summary

    def kept(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def hold_back(self, outcome: str) -> None:
        """One person gets nothing."""
        self.outcomes[outcome] += 1

    def send(
        self, phone: str, text: str, segments: int, due: datetime, local: datetime, closes: datetime | None
    ) -> None:
        """One person gets a text; `local` is `due` on their own clock. `trim` comes after a batch."""
        self.outcomes["will_send"] += 1
        self.segments += segments
        moment, here = _instant(due), _wall(local.replace(tzinfo=None))
        self.due[moment[:13]] += 1
        self.hours[here[:13]] += 1
        self.first_due, self.last_due = min(self.first_due or moment, moment), max(self.last_due, moment)
        self.first_local, self.last_local = min(self.first_local or here, here), max(self.last_local, here)
        if closes is not None:
            end = _instant(closes)
            self.first_close = min(self.first_close or end, end)
        self.random.append((zlib.crc32(phone.encode()), phone))
        if text:
            self.longest.append((-len(text), phone))
            weight, why = oddness(text)
            if weight:
                self.signs.update(why)
                self.oddest.append((-weight, phone, "; ".join(why)))

    def common_signs(self) -> list[str]:
        """What is odd about more than half of the texts, and so about the message, not about a person."""
        return [sign for sign, count in self.signs.items() if 2 * count > self.outcomes["will_send"] > 1]

    def trim(self) -> None:
        """Keep of the texts to look at the first few of each kind."""
        self.longest = heapq.nsmallest(SHOWN, map(_pair, self.longest))
        self.oddest = heapq.nsmallest(SHOWN, map(_triple, self.oddest))
        self.random = heapq.nsmallest(SHOWN, map(_pair, self.random))


_COUNTERS = ("outcomes", "due", "hours", "signs")


# People who share clocks and laws share their minute as well.
@lru_cache(maxsize=1_024)
def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


@lru_cache(maxsize=1_024)
def _wall(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _pair(kept: Any) -> Any:
    return kept[0], kept[1]  # JSON makes lists of them


def _triple(kept: Any) -> Any:
    return kept[0], kept[1], kept[2]
