"""Every request that named a number, whatever became of it: the other side of the product's own books."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Entry:
    """One request. `status` is None for as long as it has no answer: for ever after a reset or a silence."""

    to: str
    body: bytes
    status: int | None = None


class Ledger:
    """Kept in memory, in the order of arrival. Written by the server's thread; any thread may read."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._requests: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()

    def note(self, to: str, body: bytes) -> Entry:
        """Count a request before it is judged; `to` may be empty where none could be read."""
        entry = Entry(to, body)
        self._entries.append(entry)
        if to:
            self._requests[to] += 1
        return entry

    def accept(self, to: str) -> int:
        """Count a text that was taken; how many this number now has."""
        self._accepted[to] += 1
        return self._accepted[to]

    def counts(self) -> dict[str, Any]:
        """Requests and accepted: `numbers` for each, `totals` for all, also those without a number."""
        numbers = {to: {"requests": n, "accepted": self._accepted[to]} for to, n in list(self._requests.items())}
        return {
            "numbers": numbers,
            "totals": {"requests": len(self._entries), "accepted": self._accepted.total()},
        }

    def requests(self) -> list[dict[str, Any]]:
        """Every request in order, its body as JSON where it is."""
        return [{"to": one.to, "status": one.status, "body": _shown(one.body)} for one in list(self._entries)]


def _shown(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
