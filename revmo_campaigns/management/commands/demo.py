"""`manage.py demo`: everything on this machine, until Ctrl-C."""

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from contacts.refusals import Refused
from revmo_campaigns import demo, preparing, sample_data
from revmo_campaigns.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs web, worker and simulator with sample data on this machine. Ctrl-C stops all of it."
    # REVMO_API_KEY and REVMO_API_URL of the environment do not reach the demo's processes.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the data, run the processes. Exit code 2 with a sentence when something is in the way."""
        port = int(os.environ.get("PORT", "8000"))
        simulator_port = int(os.environ.get("SIMULATOR_PORT", "8900"))
        try:
            demo.check_port(port, "PORT")
            demo.check_port(simulator_port, "SIMULATOR_PORT")
            demo.claim_database()
        except demo.CannotStart as problem:
            raise Refused(str(problem)) from problem
        call_command("migrate", verbosity=0, interactive=False)
        preparing.prepare()
        sample_data.load()
        connections.close_all()
        self._supervise(port, simulator_port)

    def _supervise(self, port: int, simulator_port: int) -> None:
        supervisor = Supervisor(demo.children(port, simulator_port, settings.DATA_DIR / "logs"), self.stderr.write)
        supervisor.install_signal_handlers()

        def announce() -> None:
            self.stdout.write(
                f"Revmo Campaigns is ready: http://127.0.0.1:{port}/ (sign in as demo / demo)", ending="\n"
            )
            self.stdout.flush()
            self.stderr.write(f"The customers' phones: http://127.0.0.1:{simulator_port}/   Ctrl-C stops everything.")

        try:
            supervisor.start()
            supervisor.run(lambda: demo.answers(port) and demo.answers(simulator_port), announce)
        finally:
            supervisor.stop()
            self.stderr.write("Stopped.")
