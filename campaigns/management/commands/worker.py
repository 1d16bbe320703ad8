"""`manage.py worker`: send what is due and do the jobs; SIGINT and SIGTERM stop it cleanly."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from campaigns import worker
from campaigns.models import Mode


class Command(BaseCommand):
    help = "Sends what is due and does background jobs. Ctrl-C or SIGTERM: finish what is under way, then stop."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped. Exit code 2 if the database is out of reach."""
        try:
            connection.ensure_connection()
        except DatabaseError as problem:
            raise CommandError(
                "The database does not answer. Check DATABASE_URL and that PostgreSQL runs.", returncode=2
            ) from problem
        mode = Mode.current()
        self.stderr.write(f"Worker started in {mode.label.lower()} mode. Ctrl-C stops it.")
        if not worker.run(mode):
            raise CommandError("Stopped before everything under way was written down.", returncode=1)
        self.stderr.write("Worker stopped; nothing was left under way.")
