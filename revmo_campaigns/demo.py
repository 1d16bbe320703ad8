"""What `make demo` runs, and on whose data it may."""

import base64
import os
import secrets
import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.db import connection

from campaigns.models import Campaign, Mode, Send
from revmo_campaigns import embedded_postgres
from revmo_campaigns.supervisor import Child, python

# Stands as the comment of the schema in a database that the demo has made.
MARK = "made by the demo of Revmo Campaigns"


class CannotStart(RuntimeError):
    """The demo does not start; the text says what to do."""


def port_of(variable: str, default: int) -> int:
    """The port that the environment names. Raises CannotStart for what is none."""
    given = os.environ.get(variable) or str(default)
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise CannotStart(f"{variable} must be a port, a whole number from 1 to 65535, and not {given}.")
    return int(given)


def check_ports(port: int, simulator_port: int) -> None:
    """Raises CannotStart where one is not to be had."""
    if port == simulator_port:
        raise CannotStart(f"PORT and SIMULATOR_PORT are both {port}. Choose two: make demo SIMULATOR_PORT={port + 1}")
    for variable, number in (("PORT", port), ("SIMULATOR_PORT", simulator_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except PermissionError as problem:
                raise CannotStart(
                    f"Port {number} is for root alone. Choose one from 1024 on: make demo {variable}={number + 8000}"
                ) from problem
            except OSError as problem:
                raise CannotStart(
                    f"Port {number} is taken. Stop what uses it, or choose another: make demo {variable}={number + 1}"
                ) from problem


def claim_database() -> None:
    """Mark the database as the demo's own. Raises CannotStart for one that holds somebody's work.

    Never ours is one that has texted for real. Otherwise ours are: one with the mark, one without any table, and the
    embedded one.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        if _has_texted_for_real(tables):
            raise CannotStart(
                "This database has texted real people, so the demo leaves it alone. Set DATA_DIR to an empty folder, "
                "or DATABASE_URL to an empty database."
            )
        cursor.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        if cursor.fetchone()[0] == MARK:
            return
        if tables and not embedded_postgres.is_embedded():
            raise CannotStart(
                "This database was not made by the demo, so the demo leaves it alone. Unset DATABASE_URL, or name an "
                "empty database."
            )
        cursor.execute(f"COMMENT ON SCHEMA public IS '{MARK}'")


def _has_texted_for_real(tables: list[str]) -> bool:
    return any(
        model._meta.db_table in tables and model._default_manager.filter(mode=Mode.LIVE).exists()
        for model in (Campaign, Send)
    )


def is_abandoned(started_by: int) -> bool:
    """Was the make that runs us killed, so that nobody is left to stop us?"""
    return "MAKELEVEL" in os.environ and os.getppid() != started_by


def children(port: int, simulator_port: int, logs: Path) -> list[Child]:
    """Web, worker and simulator; they know no key, so nothing of this can reach the real Revmo."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    environment = {
        "REVMO_API_KEY": "",
        "REVMO_API_URL": f"http://127.0.0.1:{simulator_port}",
        "SIMULATOR_PORT": str(simulator_port),
        "REVMO_WEBHOOK_SECRETS": secret,
        "REVMO_WEBHOOK_TOKEN": "",
        "BEHIND_PROXY": "false",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    }
    web = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    web += ["--workers", "1", "--blocking-threads", "8", "revmo_campaigns.demo_wsgi:application"]
    webhook = f"http://127.0.0.1:{port}/webhooks/revmo/"
    simulator = ["-m", "simulator", "--port", str(simulator_port)]
    simulator += ["--webhook-url", webhook, "--webhook-secret", secret]
    # Stopped in the other order, so that the worker's last calls find somebody who answers.
    return [
        Child("simulator", python(*simulator), environment, logs / "simulator.log"),
        Child("web server", python(*web), environment, logs / "web.log"),
        Child("worker", python("manage.py", "worker"), environment, logs / "worker.log"),
    ]


def answers(port: int) -> bool:
    """Does `/healthz` on this port say that all is well?"""
    asking = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()
