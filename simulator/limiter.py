"""How many requests a second are taken."""

import math
from collections import deque


class Limiter:
    """A sliding window: at most `rate` requests in any second; 0 takes all. Below 1 the window is longer."""

    def __init__(self, rate: float) -> None:
        self._most = max(1, int(rate)) if rate else 0
        self._window = self._most / rate if rate else 0.0
        self._taken: deque[float] = deque()

    def wait(self, now: float) -> int:
        """0 and the request counts, or the whole seconds until another try is worth it. `now` in seconds."""
        if not self._most:
            return 0
        while self._taken and now - self._taken[0] >= self._window:
            self._taken.popleft()
        if len(self._taken) < self._most:
            self._taken.append(now)
            return 0
        return max(1, math.ceil(self._taken[0] + self._window - now))
