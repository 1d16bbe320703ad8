"""PostgreSQL out of a wheel, for a machine on which nobody has set one up.

Every process that uses the server holds a shared lock on a file beside the data; whoever leaves and can take
that lock alone was the last, and stops the server. The kernel drops the locks of a process that is killed, so
nothing is counted and nothing is left over: the next start adopts a server that survived its users. A second
lock lets one process at a time start or stop the server, so that nobody adopts one that is about to stop.
"""

import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from revmo_campaigns import postgres_processes

NAME, USER, PORT = "revmo_campaigns", "postgres", "5432"
SOCKET = f".s.PGSQL.{PORT}"
# sockaddr_un on Linux holds 108 bytes with the closing zero.
LONGEST_SOCKET_PATH = 107
# A fixed place, since TMPDIR may differ from one process to the next.
SHORT_PLACE = Path("/tmp")  # noqa: S108  (the owner of what is found there is checked)
# Seconds.
RECOVERY = 60.0
POLL = 0.03


class DatabaseUnavailable(RuntimeError):
    """There is no database to work with; the text says what to do."""


def database_settings(data: Path) -> dict[str, Any]:
    """Django's DATABASES entry for the server that keeps its data in `data`."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": NAME,
        "USER": USER,
        "HOST": str(socket_directory(data)),
        "PORT": PORT,
    }


def socket_directory(data: Path) -> Path:
    """Where the socket stands: with the data, or in a short place of its own when that path is too long."""
    data = data.resolve()
    if len(str(data / SOCKET).encode()) <= LONGEST_SOCKET_PATH:
        return data
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return SHORT_PLACE / f"revmo-campaigns-{digest}"


@contextmanager
def running(data: Path | None = None, *, durable: bool = True) -> Iterator[None]:
    """Have the embedded server run for the length of the block; with DATABASE_URL nothing happens.

    `durable=False` is for tests: faster, and a crash of the machine may lose the data.
    Raises DatabaseUnavailable.
    """
    data = (data or _project_data()).resolve() if data or is_embedded() else None
    if data is None:
        yield
        return
    with _as_sentence(data):
        data.parent.mkdir(parents=True, exist_ok=True)
        users = (data.parent / f"{data.name}.users").open("a")
    with users:
        with _as_sentence(data), _alone(data):
            fcntl.flock(users, fcntl.LOCK_SH)
            _ensure_running(data, durable)
        try:
            yield
        finally:
            with _alone(data):
                _stop_if_last(data, users.fileno())


def revive() -> bool:
    """Start the project's embedded server again if it went away while this process is inside `running()`.

    True if it had to. Raises DatabaseUnavailable.
    """
    if not is_embedded():
        return False
    data = _project_data().resolve()
    with _as_sentence(data):
        if postgres_processes.pid_of(data) is not None:
            return False
        with _alone(data):
            _ensure_running(data, durable=True)
            return True


def is_embedded() -> bool:
    """Does the project work on the embedded server, and not on one that DATABASE_URL names?"""
    from django.conf import settings

    return bool(settings.DATABASES["default"].get("HOST") == str(socket_directory(_project_data())))


def check_reachable() -> None:
    """Raises DatabaseUnavailable if the database that the settings name does not answer."""
    from django.db import DatabaseError, connection

    try:
        connection.ensure_connection()
    except DatabaseError as problem:
        reason = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
        raise DatabaseUnavailable(
            f"The database does not answer: {reason}. Start it, or correct DATABASE_URL; "
            "without DATABASE_URL the embedded PostgreSQL is used."
        ) from problem


def _project_data() -> Path:
    from django.conf import settings

    return Path(settings.DATA_DIR) / "postgres"


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with (data.parent / f"{data.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _as_sentence(data: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as problem:
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL in {data.parent} belongs to another user of this machine ({problem}). "
            "Run this as that user, or set DATA_DIR to a folder of your own."
        ) from problem
    except (postgres_processes.Failed, OSError) as problem:
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL does not start: {problem}. Its log is {data / 'log'}. Free disk space or "
            "memory if that ran out and try again, or set DATABASE_URL to a server of your own."
        ) from problem


def _ensure_running(data: Path, durable: bool) -> None:
    if _problem_of_connecting(data, NAME) is None:
        return
    sockets = socket_directory(data)
    if postgres_processes.pid_of(data) is None:
        postgres_processes.initialise(data, USER)
        postgres_processes.start(data, sockets, SOCKET, durable=durable)
    deadline = time.monotonic() + RECOVERY
    # It may be recovering from a kill, whoever started it.
    while (problem := _problem_of_connecting(data, "postgres")) is not None:
        if time.monotonic() > deadline or postgres_processes.pid_of(data) is None:
            raise postgres_processes.Failed(problem)
        time.sleep(POLL)
    _create_database(data)


def _stop_if_last(data: Path, users: int) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody still works with it
    try:
        postgres_processes.stop(data)
    finally:
        # By hand, since a forked child may still hold the file open.
        fcntl.flock(users, fcntl.LOCK_UN)


def _address(data: Path, name: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(host=str(socket_directory(data)), port=PORT, user=USER, dbname=name, connect_timeout=5)


def _problem_of_connecting(data: Path, name: str) -> str | None:
    import psycopg

    try:
        psycopg.connect(_address(data, name)).close()
    except psycopg.OperationalError as problem:
        return str(problem).strip()
    return None


def _create_database(data: Path) -> None:
    import psycopg

    try:
        with psycopg.connect(_address(data, "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {NAME}")
    except psycopg.Error as problem:
        raise postgres_processes.Failed(str(problem).strip()) from problem
