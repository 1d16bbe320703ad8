"""Keeps child processes running, and takes them along when it goes, however it goes."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
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
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=len(RESTART_DELAYS)))


class Supervisor:
    """Starts children, restarts those that die, stops all on SIGINT or SIGTERM."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._children = children
        self._say = say
        self._stopping = False

    def install_signal_handlers(self) -> None:
        """Ctrl-C and SIGTERM end `run`, at its next round."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def start(self) -> None:
        """Start every child."""
        for child in self._children:
            _start(child)

    def run(self, ready: Callable[[], bool], when_ready: Callable[[], None]) -> None:
        """Watch until told to stop; `when_ready` is called once, as soon as `ready` says so."""
        announced = False
        while not self._stopping:
            for child in self._children:
                self._tend(child)
            if not announced and ready():
                announced = True
                when_ready()
            time.sleep(ROUND)

    def stop(self) -> None:
        """Ask all to stop, and end those that do not within ten seconds."""
        alive = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in alive:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            if now - child.started_at > STEADY:
                child.deaths.clear()
            delay = RESTART_DELAYS[min(len(child.deaths), len(RESTART_DELAYS) - 1)]
            child.deaths.append(now)
            self._say(
                f"The {child.name} stopped (code {child.process.returncode}); starting it again. Log: {child.log}"
            )
            if len(child.deaths) > 1:
                self._say(_last_lines(child.log))
            child.process, child.restart_at = None, now + delay
        if child.process is None and now >= child.restart_at:
            _start(child)


def _start(child: Child) -> None:
    child.log.parent.mkdir(parents=True, exist_ok=True)
    with child.log.open("ab") as log:
        child.process = subprocess.Popen(  # noqa: S603
            child.command,
            env={**os.environ, **child.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            preexec_fn=die_with_parent,
        )
    child.started_at = time.monotonic()


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it is gone (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # the parent died before we asked
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
