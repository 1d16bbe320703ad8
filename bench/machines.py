"""Processes of a bench and what they use: workers, the API, PostgreSQL. CPU in seconds, memory in MB."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.postgres import database_url

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
ROOT = Path(__file__).resolve().parent.parent


class Api:
    """The stand-in for Revmo, in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def told(self, path: str = "") -> Any:
        """What it counted."""
        with urllib.request.urlopen(f"{self.url}/{path}") as answer:
            return json.load(answer)

    def wait_for(self, answered: int, patience: float = 300) -> float:
        """Until it has answered so many; the monotonic clock then."""
        ends = time.monotonic() + patience
        while self.told() < answered:
            if time.monotonic() > ends:
                raise TimeoutError(f"only {self.told()} of {answered} calls came")
            time.sleep(0.02)
        return time.monotonic()


@contextmanager
def api(latency_ms: float) -> Iterator[Api]:
    """Serve for the length of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.api", str(latency_ms)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    try:
        assert process.stdout is not None
        yield Api(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@contextmanager
def worker(url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of ours for the length of the block."""
    environment = {**os.environ, "DATABASE_URL": database_url(), "REVMO_API_URL": url, "REVMO_API_KEY": ""}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def cpu(pid: int) -> float:
    """What the process has used so far, with its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS


def postgres_cpu(postmaster: int) -> float:
    """What the server and all its backends have used so far."""
    total = cpu(postmaster)
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if status.read_text().rpartition(")")[2].split()[1] == str(postmaster):
                total += cpu(int(status.parent.name))
        except OSError:
            continue
    return total


def memory(pid: int) -> float:
    """What the process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def wait_for_port(port: int, patience: float = 60) -> None:
    """Until somebody listens there."""
    ends = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
