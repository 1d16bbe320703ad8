"""The supervisor as a process of its own, over small children that do one thing each."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT, wait_until

# Children write their pids and what befalls them to files in the working directory.
CHILDREN = {
    "steady": "import time\nwrite('up')\ntime.sleep(60)",
    "tidy": "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (write('down'), sys.exit(0)))\nwrite('up')\ntime.sleep(60)",
    "brittle": "import sys\nwrite('up')\nsys.stderr.write('out of luck')\nsys.exit(3)",
    "stubborn": "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwrite('up')\ntime.sleep(60)",
}
CHILD = """
import os, sys
def write(what):
    with open("events", "a") as file:
        file.write(f"{what} {sys.argv[1]} {os.getpid()}\\n")
"""
SUPERVISOR = """
import sys
from pathlib import Path
from revmo_campaigns import supervisor
supervisor.PATIENCE = 1.0
here, names, children, prelude = Path(sys.argv[1]), sys.argv[2].split(","), eval(sys.argv[3]), sys.argv[4]
import os; os.chdir(here)
one = supervisor.Supervisor(
    [supervisor.Child(n, supervisor.python("-c", prelude + children[n], n), {}, here / f"{n}.log") for n in names],
    say=lambda line: print(line, flush=True),
    abandoned=lambda: (here / "abandoned").exists(),
)
one.install_signal_handlers()
try:
    one.start()
    one.run(ready=lambda: (here / "ready").exists(), when_ready=lambda: print("ready", flush=True),
            every_round=lambda: None)
finally:
    one.stop()
print("stopped", flush=True)
"""


class Run:
    """A supervisor over the children of these names, in a folder of its own."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        with (folder / "said").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, str(folder), ",".join(names), repr(CHILDREN), CHILD],
                cwd=ROOT,
                stdout=said,
                stderr=said,
            )

    def events(self, what: str) -> list[tuple[str, int]]:
        """Whom it happened to, and their pids, in order."""
        file = self.folder / "events"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [(name, int(pid)) for kind, name, pid in lines if kind == what]

    def said(self) -> str:
        """What the supervisor printed."""
        return (self.folder / "said").read_text()

    def end(self, number: int) -> None:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(20)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    events = tmp_path / "events"
    for line in events.read_text().splitlines() if events.exists() else []:
        pid = int(line.split()[2])
        assert not is_alive(pid), "a child outlived its supervisor"


def is_alive(pid: int) -> bool:
    """Zombies do not count: whoever adopted them reaps them in its own time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_of_them_the_last_started_first(folder: Path, number: int) -> None:
    run = Run(folder, "tidy", "steady")
    wait_until(lambda: len(run.events("up")) == 2)

    run.end(number)

    assert run.process.returncode == 0
    assert run.said() == "stopped\n"
    assert [name for name, _ in run.events("down")] == ["tidy"]


def test_a_child_that_does_not_stop_is_killed(folder: Path) -> None:
    run = Run(folder, "stubborn")
    wait_until(lambda: len(run.events("up")) == 1)

    run.end(signal.SIGTERM)

    assert run.process.returncode == 0


def test_a_killed_supervisor_takes_its_children_along(folder: Path) -> None:
    run = Run(folder, "steady", "stubborn")
    wait_until(lambda: len(run.events("up")) == 2)

    run.end(signal.SIGKILL)

    wait_until(lambda: not any(is_alive(pid) for _, pid in run.events("up")), patience=5)


def test_a_child_that_is_killed_starts_again_and_the_others_stay(folder: Path) -> None:
    run = Run(folder, "tidy", "steady")
    wait_until(lambda: len(run.events("up")) == 2)
    victim = dict(run.events("up"))["steady"]

    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(run.events("up")) == 3)

    assert run.events("up")[2][0] == "steady"
    assert "The steady stopped (signal 9) and starts again." in run.said()
    run.end(signal.SIGINT)


def test_a_child_that_dies_again_and_again_has_its_last_words_shown(folder: Path) -> None:
    run = Run(folder, "brittle")
    wait_until(lambda: len(run.events("up")) >= 2 and "out of luck" in run.said())

    run.end(signal.SIGINT)

    assert "The brittle stopped (code 3) and starts again." in run.said()


def test_it_says_once_that_all_is_ready(folder: Path) -> None:
    run = Run(folder, "steady")
    (folder / "ready").touch()
    wait_until(lambda: "ready" in run.said())

    run.end(signal.SIGINT)

    assert run.said() == "ready\nstopped\n"


def test_it_stops_when_it_is_abandoned(folder: Path) -> None:
    run = Run(folder, "tidy")
    wait_until(lambda: len(run.events("up")) == 1)

    (folder / "abandoned").touch()

    assert run.process.wait(20) == 0
    assert [name for name, _ in run.events("down")] == ["tidy"]
