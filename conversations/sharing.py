"""What many open pages ask for at once is read by one of them; the others are not made to wait for it."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

T = TypeVar("T")
# Seconds after which a reading that has not ended is taken to have died; until then the last answer stands.
LONGEST_READING = 5


def shared(key: str, seconds: float, read: Callable[[], T]) -> T:
    """The answer under `key`, at most `seconds` old, or as old as that and the reading of the next one takes."""
    found: tuple[T, float] | None = cache.get(key)
    if found is not None and time.time() - found[1] < seconds:
        return found[0]
    reading = f"{key}.reading"
    if not cache.add(reading, True, LONGEST_READING) and found is not None:
        return found[0]
    try:
        began = time.time()
        answer = read()
        cache.set(key, (answer, began), seconds + LONGEST_READING)
    finally:
        cache.delete(reading)
    return answer
