"""What `make demo` runs, and on whose data it may."""

import base64
import secrets
import socket
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

from campaigns.models import Mode, Send
from revmo_campaigns.supervisor import Child, python

# Stands as the comment of the schema in a database that the demo has made.
MARK = "made by the demo of Revmo Campaigns"


class CannotStart(RuntimeError):
    """The demo does not start; the text says what to do."""


def check_port(port: int, variable: str) -> None:
    """Raises CannotStart where another program has the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise CannotStart(
                f"Port {port} is taken. Stop what uses it, or choose another: make demo {variable}={port + 1}"
            ) from problem


def claim_database() -> None:
    """Mark the database as the demo's own. Raises CannotStart for one that holds somebody's work.

    Ours are: one that carries the mark, one without any table, and the embedded one unless it has texted for real.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        mark = cursor.fetchone()[0]
        if mark == MARK:
            return
        tables = connection.introspection.table_names(cursor)
        if tables and (not _embedded() or _has_texted_for_real(tables)):
            raise CannotStart(
                "This database was not made by the demo, so the demo leaves it alone. Unset DATABASE_URL, or name an "
                "empty database."
            )
        cursor.execute(f"COMMENT ON SCHEMA public IS '{MARK}'")


def _embedded() -> bool:
    return str(settings.DATABASES["default"].get("HOST", "")).startswith("/") and not settings.DATABASE_URL


def _has_texted_for_real(tables: list[str]) -> bool:
    return Send._meta.db_table in tables and Send.objects.filter(mode=Mode.LIVE).exists()


def children(port: int, simulator_port: int, logs: Path) -> list[Child]:
    """Web, worker and simulator; they know no key, so nothing of this can reach the real Revmo."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    environment = {
        "REVMO_API_KEY": "",
        "REVMO_API_URL": f"http://127.0.0.1:{simulator_port}",
        "SIMULATOR_PORT": str(simulator_port),
        "REVMO_WEBHOOK_SECRETS": secret,
        "REVMO_CAMPAIGNS_DEMO": "1",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    }
    web = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    web += ["--workers", "1", "--blocking-threads", "8", "revmo_campaigns.demo_wsgi:application"]
    webhook = f"http://127.0.0.1:{port}/webhooks/revmo/"
    simulator = [
        "-m",
        "simulator",
        "--port",
        str(simulator_port),
        "--webhook-url",
        webhook,
        "--webhook-secret",
        secret,
    ]
    return [
        Child("web server", python(*web), environment, logs / "web.log"),
        Child("worker", python("manage.py", "worker"), environment, logs / "worker.log"),
        Child("simulator", python(*simulator), environment, logs / "simulator.log"),
    ]


def answers(port: int) -> bool:
    """Does `/healthz` on this port say that all is well?"""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
