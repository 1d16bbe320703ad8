"""`python -m simulator`, as a process of its own."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def command(*options: str) -> list[str]:
    """What one types."""
    return [sys.executable, "-m", "simulator", *options]


def refused(*options: str) -> str:
    """What it says when it does not start."""
    ended = subprocess.run(command(*options), cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert ended.stdout == ""
    return ended.stderr


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running simulator and the line with which it said so."""
    process = subprocess.Popen(command(*options), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        yield process, process.stderr.readline()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_stops_cleanly(number: signal.Signals) -> None:
    with started("--port", "0", "--seed", "5") as (process, line):
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found
        with urllib.request.urlopen(f"{found[0]}healthz", timeout=10) as answer:
            assert answer.read() == b'{"status": "ok"}'
        with socket.create_connection(("127.0.0.1", int(found[0].rstrip("/").rpartition(":")[2]))):
            process.send_signal(number)  # while somebody is still connected
            assert process.wait(10) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("--port", str(port)) == f"Port {port} is taken. Choose another with --port.\n"


def test_addresses_beyond_this_machine_are_refused_in_words() -> None:
    assert refused("--host", "0.0.0.0").startswith("The simulator serves this machine only")
    assert refused("--webhook-url", "http://example.com/").startswith("The simulator calls this machine only")


def test_an_option_that_is_no_number_is_refused() -> None:
    assert "invalid int value" in refused("--port", "web")
