"""A worker process: the sending engine beside procrastinate's jobs."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from django.db import DatabaseError
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from campaigns import tasks
from campaigns.models import Mode
from campaigns.sending.engine import Engine

logger = logging.getLogger(__name__)

# Jobs are few and short (an import, a wake-up, a batch of webhook events); the engine has threads of its own.
CONCURRENT_JOBS = 4
# Longer than a call to Revmo may take in all, so that a clean stop leaves no unknown behind. Seconds.
PATIENCE = 55.0
# Before jobs are asked for again, when the database does not answer. Seconds.
AFTER_A_FAULT = 1.0
STOPPING = (signal.SIGINT, signal.SIGTERM)


def run(mode: Mode) -> bool:
    """Work until SIGINT or SIGTERM; True if everything under way was written down at the end."""
    engine = Engine(mode)
    listener = threading.Thread(target=_pass_on_wakeups, args=(engine,), name="wake-ups", daemon=True)
    try:
        with _ended_by_signals():
            engine.start()
            listener.start()
            _do_jobs(mode)
    finally:
        stopped = engine.stop(PATIENCE)
    return stopped


def _do_jobs(mode: Mode) -> None:
    """Procrastinate's worker, begun anew when the database went away under it; the engine sends on beside it.

    Procrastinate ends with an error then, or without one if the database is back soon: so its end alone does not say
    that somebody asked for it, and a signal that comes just then must not get lost either.
    """
    asked = threading.Event()
    while not asked.is_set():
        try:
            with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
                asyncio.run(_do_jobs_until_asked(mode, asked))
        except (ConnectorException, DatabaseError):
            logger.exception("The database does not answer; jobs wait.")
        if not asked.is_set():
            time.sleep(AFTER_A_FAULT)


async def _do_jobs_until_asked(mode: Mode, asked: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    jobs = loop.create_task(_jobs(mode))

    def stop(number: int, frame: FrameType | None) -> None:
        asked.set()
        restore()
        loop.call_soon_threadsafe(jobs.cancel)  # lets those that run come to their end

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        with suppress(asyncio.CancelledError):
            await jobs
    finally:
        restore()


async def _jobs(mode: Mode) -> None:
    async with app.open_async():
        await app.run_worker_async(
            concurrency=CONCURRENT_JOBS,
            name=f"revmo-campaigns ({mode.value})",
            install_signal_handlers=False,
            shutdown_graceful_timeout=PATIENCE,
            delete_jobs="successful",
        )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have SIGINT and SIGTERM end the block, also while no jobs are done; afterwards SIGTERM is no news.

    Otherwise one that comes while the worker starts would kill an engine that is already sending.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit

    for number in STOPPING:
        signal.signal(number, end)
    try:
        yield
    except SystemExit:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever cannot wait presses Ctrl-C once more


def _pass_on_wakeups(engine: Engine) -> None:
    while True:
        tasks.woken.wait()
        tasks.woken.clear()
        engine.wake()
