"""Workers that die or freeze at a named point of a text's way, forked from a warm process so that a death costs little.

The engine is the product's own; a point only wraps one of its functions and sends this process a signal.
"""

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from itertools import count, cycle
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

POINTS = (
    "after the claim",
    "before the intent's commit",
    "after the intent",
    "after connect",
    "in mid-body",
    "after the server's yes",
    "before the result's commit",
    "after the result's commit",
)
REAPING = ("while reaping", "after reaping")
# Seconds between two jumps of a clock.
JUMP = 0.1
_started: list[ForkServerProcess] = []
# Seconds. Shorter than in life, so that a call that hangs does not hold a test up.
QUICK = {"REVMO_TOTAL_DEADLINE": 2.0, "REVMO_READ_TIMEOUT": 2.0, "SEND_LEASE_SECONDS": 8.0}


def start(
    url: str,
    point: str = "",
    *,
    sent: signal.Signals = signal.SIGKILL,
    passing: int = 1,
    database: dict[str, Any] | None = None,
    clock: tuple[int, ...] = (),
) -> ForkServerProcess:
    """A worker that sends itself a signal at its `passing`th passing of the point; one in good health without a point.

    `database`: another way to the test's database. `clock`: by how many hours its own is wrong, in turn. The caller
    ends it.
    """
    database = database or dict(connection.settings_dict)
    process = _context().Process(target=_work, args=(database, url, point, int(sent), passing, clock), daemon=True)
    process.start()
    _started.append(process)
    return process


def kill_what_is_left() -> None:
    """After a test that failed: nobody may still work on its database."""
    for process in _started:
        if process.exitcode is None:
            process.kill()
        process.join()
    _started.clear()


@contextmanager
def running(url: str) -> Iterator[ForkServerProcess]:
    """A worker in good health for the length of the block."""
    process = start(url)
    try:
        yield process
    finally:
        end(process)


def end(process: ForkServerProcess, patience: float = 75.0) -> int | None:
    """Stop it as a supervisor would, who waits longer than a worker takes at the most; its exit code."""
    if process.exitcode is None:
        process.terminate()
        process.join(patience)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def bury(process: ForkServerProcess) -> None:
    """It is dead: what the next worker of its host notices at once, and the end of every lease without the wait."""
    from campaigns.models import Send, Worker

    process.join()
    Worker.objects.filter(process=process.pid or 0).delete()
    Send.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))


def is_at_work(process: ForkServerProcess) -> bool:
    """Has it made itself known?"""
    from campaigns.models import Worker

    return Worker.objects.filter(process=process.pid or 0).exists()


def is_frozen(process: ForkServerProcess) -> bool:
    """Has it been stopped by SIGSTOP?"""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.warm"])
    return context


def _work(database: dict[str, Any], url: str, point: str, sent: int, passing: int, clock: tuple[int, ...]) -> None:
    import django

    django.setup()
    from campaigns import worker
    from campaigns.models import Mode

    settings.DATABASES["default"].update(database)
    connection.settings_dict.update(database)
    for name, value in QUICK.items():
        setattr(settings, name, value)
    settings.REVMO_API_URL = url
    if point:
        _arm(point, sent, passing)
    if clock:
        threading.Thread(target=_let_the_clock_jump, args=(clock,), daemon=True).start()
    sys.exit(0 if worker.run(Mode.SIMULATOR) else 1)


def _let_the_clock_jump(hours: tuple[int, ...]) -> None:
    """Set this process's clock again and again; what only counts on, such as time.monotonic, goes on as in life."""
    for hour in cycle(hours):
        begin, away = time.monotonic(), timedelta(hours=hour)
        with time_machine.travel(timezone.now() + away):
            while len(hours) == 1 or time.monotonic() - begin < JUMP:
                time.sleep(JUMP / 10)


def _arm(point: str, sent: int, passing: int) -> None:
    """Wrap the function at the point."""
    from campaigns.sending import intents, queue, reaping, results
    from revmo.connections import Connection

    passings = count(1)

    def strike() -> None:
        if next(passings) == passing:
            # To this thread: it stops before it returns from here. One to the process is left to any thread of it, and
            # this one may run on meanwhile.
            signal.pthread_kill(threading.get_ident(), sent)

    def after(found: Any) -> Any:
        strike()
        return found

    def wrap(owner: Any, name: str, counts: Callable[[Any], bool], *, commit: bool = True) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if commit:
                found = original(*args, **kwargs)
                return after(found) if counts(found) else found
            with transaction.atomic():
                found = original(*args, **kwargs)
                return after(found) if counts(found) else found

        setattr(owner, name, wrapped)

    def half(self: Connection, data: bytearray) -> None:
        middle = (data.index(b"\r\n\r\n") + len(data)) // 2
        whole(self, data[:middle])
        strike()
        whole(self, data[middle:])

    whole = Connection._write
    posted: Callable[[Any], bool] = lambda found: bool(found[0].posting)  # noqa: E731
    if point == "in mid-body":
        Connection._write = half  # type: ignore[method-assign]
        return
    arms: dict[str, tuple[Any, str, Callable[[Any], bool], bool]] = {
        "after the claim": (queue, "claim", bool, True),
        "before the intent's commit": (intents, "commit_intents", posted, False),
        "after the intent": (intents, "commit_intents", posted, True),
        "after connect": (Connection, "connect", lambda found: True, True),
        "after the server's yes": (Connection, "post", lambda found: True, True),
        "before the result's commit": (results, "record", bool, False),
        "after the result's commit": (results, "record", bool, True),
        "while reaping": (reaping, "reap", any, False),
        "after reaping": (reaping, "reap", any, True),
    }
    if point.startswith("at "):  # the number whose text stops whoever reads it
        arms[point] = (queue, "_claimed", lambda claim: claim.to == point.removeprefix("at "), True)
    owner, name, counts, commit = arms[point]
    wrap(owner, name, counts, commit=commit)
