"""A PostgreSQL that only one test works on, so that it may be killed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from revmo_campaigns import embedded_postgres, postgres_processes
from tests import postgres


@contextmanager
def with_a_copy() -> Iterator[Path]:
    """Work on a copy of this test's database, on a server of its own; gives the place of its data.

    It is durable, as in life: what it said is committed must outlive a kill.
    """
    data = postgres.DATA_DIR / f"own-{os.getpid()}" / "postgres"
    ours = dict(connection.settings_dict)
    try:
        with embedded_postgres.running(data):
            theirs = ours | embedded_postgres.database_settings(data)
            _copy(ours, theirs)
            _work_on(theirs)
            try:
                yield data
            finally:
                _work_on(ours)
    finally:
        shutil.rmtree(data.parent, ignore_errors=True)


def kill(data: Path) -> None:
    """Every process of the server at once, in the middle of whatever it does."""
    os.kill(postgres_processes.pid_of(data) or 0, signal.SIGQUIT)
    connection.close()


def start(data: Path) -> None:
    """Start it again; it recovers first."""
    sockets = embedded_postgres.socket_directory(data)
    postgres_processes.start(data, sockets, embedded_postgres.SOCKET, durable=True)


def _work_on(database: dict[str, Any]) -> None:
    connection.close()
    connection.settings_dict.update(database)


def _copy(source: dict[str, Any], target: dict[str, Any]) -> None:
    programs = postgres_processes.programs()
    dumped = subprocess.run([programs / "pg_dump", *_where(source)], capture_output=True, check=True)
    quietly = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
    subprocess.run([programs / "psql", *quietly, *_where(target)], input=dumped.stdout, capture_output=True, check=True)


def _where(database: dict[str, Any]) -> list[str]:
    port = str(database["PORT"] or embedded_postgres.PORT)
    return ["-h", database["HOST"], "-p", port, "-U", database["USER"], database["NAME"]]
