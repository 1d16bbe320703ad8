"""A worker process: the sending engine beside procrastinate's jobs."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Procrastinate's worker, begun anew when the database went away under it; the engine sends on beside it."""
    while True:
        try:
            with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
                app.run_worker(
                    concurrency=CONCURRENT_JOBS,
                    name=f"revmo-campaigns ({mode.value})",
                    install_signal_handlers=True,
                    shutdown_graceful_timeout=PATIENCE,
                    delete_jobs="successful",
                )
        except (ConnectorException, DatabaseError):
            logger.exception("The database does not answer; jobs wait.")
            time.sleep(AFTER_A_FAULT)
        else:
            return


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have SIGINT and SIGTERM end the block, also before procrastinate minds them; afterwards SIGTERM is no news.

    Otherwise one that comes while the worker starts would kill an engine that is already sending.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit

    for number in (signal.SIGINT, signal.SIGTERM):
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
