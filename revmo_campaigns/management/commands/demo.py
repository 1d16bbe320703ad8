"""`manage.py demo`: everything on this machine, until Ctrl-C."""

import os
import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from contacts.refusals import Refused
from revmo_campaigns import demo, embedded_postgres, preparing, sample_data
from revmo_campaigns.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs web, worker and simulator with sample data on this machine. Ctrl-C stops all of it."
    # REVMO_API_KEY and REVMO_API_URL of the environment do not reach the demo's processes.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the data, run the processes. Exit code 2 with a sentence when something is in the way."""
        started_by = os.getppid()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # until there is a supervisor, like Ctrl-C
        try:
            port, simulator_port = demo.port_of("PORT", 8000), demo.port_of("SIMULATOR_PORT", 8900)
            demo.check_ports(port, simulator_port)
            embedded_postgres.check_reachable()
            demo.claim_database()
            self._prepare()
        except demo.CannotStart as problem:
            raise Refused(str(problem)) from problem
        except KeyboardInterrupt:
            self.stderr.write("Stopped before it was ready.")
            return
        self._supervise(port, simulator_port, started_by)

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        preparing.prepare()
        sample_data.load()
        connections.close_all()

    def _supervise(self, port: int, simulator_port: int, started_by: int) -> None:
        supervisor = Supervisor(
            demo.children(port, simulator_port, settings.DATA_DIR / "logs"),
            say=self.stderr.write,
            abandoned=lambda: demo.is_abandoned(started_by),
        )
        supervisor.install_signal_handlers()

        def announce() -> None:
            self.stdout.write(f"Revmo Campaigns is ready: http://127.0.0.1:{port}/ (sign in as demo / demo)")
            self.stdout.flush()
            self.stderr.write(f"The customers' phones: http://127.0.0.1:{simulator_port}/   Ctrl-C stops everything.")

        try:
            supervisor.start()
            supervisor.run(lambda: demo.answers(port) and demo.answers(simulator_port), announce, self._keep_database)
        finally:
            supervisor.stop()
            self.stderr.write("Stopped. The data stays for the next make demo.")

    def _keep_database(self) -> None:
        try:
            if embedded_postgres.revive():
                self.stderr.write("The embedded PostgreSQL had stopped and runs again.")
        except embedded_postgres.DatabaseUnavailable as problem:
            self.stderr.write(str(problem))
