"""The tests' PostgreSQL: one server for all processes and runs, apart from the demo's, and not durable.

Databases are named after the run, so that two runs beside each other share the server and nothing else.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from revmo_campaigns import embedded_postgres

DATA_DIR = Path(__file__).resolve().parent.parent / ".local" / "test"
DATABASE_OF_A_RUN = re.compile(r"test_(\d+)(_.*)?")


@contextmanager
def server() -> Iterator[None]:
    """Have the settings name a server for tests while the block runs: DATABASE_URL's or the embedded one."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    data = DATA_DIR / "postgres"
    with embedded_postgres.running(data, durable=False):
        _drop_databases_of_dead_runs(data)
        # In place: Django's connections keep this very dictionary.
        database = settings.DATABASES["default"]
        database.update(embedded_postgres.database_settings(data))
        database.setdefault("TEST", {})["NAME"] = f"test_{_run()}"
        yield


def database_url() -> str:
    """The address of the database that this test works on, for a process that the test starts."""
    found = connection.settings_dict
    account = quote(found["USER"], safe="")
    if found["PASSWORD"]:
        account += ":" + quote(found["PASSWORD"], safe="")
    options = {key: value for key, value in (("host", found["HOST"]), ("port", found["PORT"])) if value}
    return f"postgresql://{account}@/{found['NAME']}?{urlencode(options)}"


def _run() -> int:
    """The process that the user started; xdist's workers are its children."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _drop_databases_of_dead_runs(data: Path) -> None:
    host = str(embedded_postgres.socket_directory(data))
    address = make_conninfo(host=host, port=embedded_postgres.PORT, user=embedded_postgres.USER, dbname="postgres")
    with psycopg.connect(address, autocommit=True) as one:
        one.execute("SELECT pg_advisory_lock(1)")  # the workers of a run come here together
        for (name,) in one.execute("SELECT datname FROM pg_database").fetchall():
            run = DATABASE_OF_A_RUN.fullmatch(name)
            if run and not Path(f"/proc/{run[1]}").exists():
                one.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
