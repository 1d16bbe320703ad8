"""A worker process: the sending engine beside procrastinate's jobs."""

import threading

from procrastinate.contrib.django import app

from campaigns import tasks
from campaigns.models import Mode
from campaigns.sending.engine import Engine

# Jobs are few and short (an import, a wake-up, a batch of webhook events); the engine has threads of its own.
CONCURRENT_JOBS = 4
# Longer than a call to Revmo may take in all, so that a clean stop leaves no unknown behind. Seconds.
PATIENCE = 55.0


def run(mode: Mode) -> bool:
    """Work until SIGINT or SIGTERM; True if everything under way was written down at the end."""
    engine = Engine(mode)
    listener = threading.Thread(target=_pass_on_wakeups, args=(engine,), name="wake-ups", daemon=True)
    engine.start()
    listener.start()
    try:
        with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
            app.run_worker(
                concurrency=CONCURRENT_JOBS,
                name=f"revmo-campaigns ({mode.value})",
                install_signal_handlers=True,
                shutdown_graceful_timeout=PATIENCE,
                delete_jobs="successful",
            )
    finally:
        stopped = engine.stop(PATIENCE)
    return stopped


def _pass_on_wakeups(engine: Engine) -> None:
    while True:
        tasks.woken.wait()
        tasks.woken.clear()
        engine.wake()
