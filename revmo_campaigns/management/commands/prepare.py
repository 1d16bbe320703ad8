"""`manage.py prepare`: bring the database to where the code is; what `make setup` runs."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from revmo_campaigns import embedded_postgres, preparing


class Command(BaseCommand):
    help = "Applies migrations and makes what a first start needs: roles, the account, the default agent."

    def handle(self, *args: Any, **options: Any) -> None:
        """Safe to run again at any time."""
        embedded_postgres.check_reachable()
        call_command("migrate", verbosity=0, interactive=False)
        preparing.prepare()
        self.stderr.write("Ready. Next: make demo, or manage.py createsuperuser.")
