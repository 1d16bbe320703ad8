"""Real processes for tests: a worker of ours, and waiting for what they do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
# Seconds; only ever reached by a test that fails.
PATIENCE = 60.0


def wait_until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Poll until it holds; an assertion error otherwise."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(api_url: str, **more: str) -> dict[str, str]:
    """What a process of ours needs to work on this test's database."""
    return {**os.environ, "DATABASE_URL": postgres.database_url(), "REVMO_API_URL": api_url, **more}


def manage(*arguments: str, api_url: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(api_url, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def start_worker(api_url: str, **more: str) -> "subprocess.Popen[bytes]":
    """Start a worker process; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env=environment(api_url, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def worker(api_url: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process for the length of the block, stopped by SIGTERM."""
    process = start_worker(api_url, **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
