"""Total deadlines: one thread for the process cuts what has taken too long.

The time-outs of `requests` bound single reads, so a server that drips a byte now and then would hold us for ever.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# How exactly a deadline is kept, in seconds.
TICK = 0.1


class Watch:
    """One deadline; `late` once it has passed and the line was cut."""

    __slots__ = ("cut", "ends", "late")

    def __init__(self, cut: Callable[[], None], ends: float) -> None:
        self.cut, self.ends, self.late = cut, ends, False


_watches: dict[int, Watch] = {}
_numbers = itertools.count()
_starting = threading.Lock()
_thread: threading.Thread | None = None


@contextmanager
def cutting(cut: Callable[[], None], *, after: float) -> Iterator[Watch]:
    """Call `cut` once if the block takes longer than `after` seconds."""
    _start()
    watch, number = Watch(cut, time.monotonic() + after), next(_numbers)
    _watches[number] = watch
    try:
        yield watch
    finally:
        del _watches[number]


def _start() -> None:
    global _thread
    if _thread is not None and _thread.is_alive():
        return
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_watch, name="deadlines", daemon=True)
            _thread.start()


def _watch() -> None:
    while True:
        time.sleep(TICK)
        now = time.monotonic()
        for watch in list(_watches.values()):
            if not watch.late and watch.ends < now:
                watch.late = True
                watch.cut()
