"""granian as it runs for real, on a test's database."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conversations.calls import SECRET
from tests.processes import ROOT, environment, free_port, wait_until


@contextmanager
def served(**settings: str) -> Iterator[int]:
    """Its port, for the length of the block; events signed with SECRET are let in."""
    chosen = free_port()
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(chosen), "--blocking-threads", "8"]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *options, "revmo_campaigns.wsgi:application"],
        cwd=ROOT,
        env=environment("http://127.0.0.1:9", REVMO_WEBHOOK_SECRETS=SECRET, **settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(chosen))
        yield chosen
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
