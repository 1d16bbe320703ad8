"""Whoever calls a webhook, as cheaply as it can be done: requests made beforehand, a few connections kept open."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

CONNECTIONS = 32


@dataclass(slots=True)
class Answers:
    """Statuses, how long each answer took and all of them, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.statuses.total() / self.seconds

    def percentile(self, percent: float) -> float:
        """So many percent waited no longer; ms."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def blast(port: int, requests: Iterable[bytes], connections: int = CONNECTIONS) -> Answers:
    """As fast as the answers come."""
    return asyncio.run(_call(port, iter(requests), connections, 0.0))


def pace(port: int, requests: Iterable[bytes], rate: float, connections: int = CONNECTIONS) -> Answers:
    """So many a second, whether or not the answers come; a wait counts from when the call was due."""
    return asyncio.run(_call(port, iter(requests), connections, rate))


async def _call(port: int, requests: Iterator[bytes], connections: int, rate: float) -> Answers:
    answers, begin, turn = Answers(), time.perf_counter(), iter(range(10**9))

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            due = time.perf_counter()
            if rate:
                due = begin + next(turn) / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            if b"content-length: " in lower:
                await reader.readexactly(int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]))
            answers.waits.append(time.perf_counter() - due)
            answers.statuses[int(head[9:12])] += 1
        writer.close()

    await asyncio.gather(*(caller() for _ in range(connections)))
    answers.seconds = time.perf_counter() - begin
    return answers
