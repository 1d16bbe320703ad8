"""Keeps child processes running, and takes them along when it goes, however it goes."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
# Loaded before any fork, since a forked child should do little before it becomes another program.
LIBC = ctypes.CDLL(None)
# Seconds.
PATIENCE = 10.0
ROUND = 0.2
RESTART_DELAYS = (0.2, 1.0, 3.0, 10.0)
STEADY = 30.0  # a child that ran this long begins again with the shortest delay


@dataclass(slots=True)
class Child:
    """One process to keep running; its output goes to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    deaths: int = 0


class Supervisor:
    """Starts children, restarts those that die, stops all when told to.

    SIGINT, SIGTERM or SIGHUP tell it; so does `abandoned`, which is asked every round.
    """

    def __init__(
        self,
        children: Sequence[Child],
        say: Callable[[str], None],
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        self._children = children
        self._say = say
        self._abandoned = abandoned
        self._stopping = False

    def install_signal_handlers(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal end `run`, at its next round."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)

    def start(self) -> None:
        """Start every child, each with an empty log."""
        for child in self._children:
            child.log.parent.mkdir(parents=True, exist_ok=True)
            child.log.write_bytes(b"")
            _start(child)

    def run(self, ready: Callable[[], bool], when_ready: Callable[[], None], every_round: Callable[[], None]) -> None:
        """Watch until told to stop; `when_ready` is called once, as soon as `ready` says so."""
        announced = False
        while not self._stopping and not self._abandoned():
            every_round()
            for child in self._children:
                self._tend(child)
            if not announced and ready():
                announced = True
                when_ready()
            time.sleep(ROUND)

    def stop(self) -> None:
        """Ask one after the other to stop, the last started first, and end those that do not within ten seconds.

        In this order what is under way can be finished: the worker's calls are answered until it has stopped.
        """
        deadline = time.monotonic() + PATIENCE
        for child in reversed(self._children):
            if child.process is None:
                continue
            child.process.terminate()
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            self._mourn(child, child.process.returncode, now)
        if child.process is None and now >= child.restart_at:
            _start(child)

    def _mourn(self, child: Child, code: int, now: float) -> None:
        if now - child.started_at > STEADY:
            child.deaths = 0
        delay = RESTART_DELAYS[min(child.deaths, len(RESTART_DELAYS) - 1)]
        child.deaths += 1
        how = f"code {code}" if code >= 0 else f"signal {-code}"
        self._say(f"The {child.name} stopped ({how}) and starts again. Its log: {child.log}")
        if child.deaths > 1 and (lines := _last_lines(child.log)):
            self._say(lines)
        child.process, child.restart_at = None, now + delay


def _start(child: Child) -> None:
    parent = os.getpid()
    with child.log.open("ab") as log:
        child.process = subprocess.Popen(  # noqa: S603
            child.command,
            env={**os.environ, **child.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            preexec_fn=lambda: die_with(parent),
        )
    child.started_at = time.monotonic()


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent, the process `parent`, is gone (Linux)."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _last_lines(log: Path, count: int = 8) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])


def python(*arguments: str) -> list[str]:
    """A command run by the interpreter that runs us."""
    return [sys.executable, *arguments]
