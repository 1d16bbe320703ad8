"""`manage.py account`: read and set how fast the account sends."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from campaigns.models import Account
from contacts.refusals import Refused


class Command(BaseCommand):
    help = "Show the account's settings; --rate and --in-flight change them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options alone; without any the settings are shown."""
        parser.add_argument("--rate", type=int, metavar="N", help="Texts per second.")
        parser.add_argument("--in-flight", type=int, metavar="N", help="Texts under way at once, per worker.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change what was given, then print all. Exit code 2 for a value out of range."""
        account = Account.objects.order_by("pk").first()
        if account is None:
            raise Refused("There is no account yet. Run: make setup")
        if options["rate"] is not None:
            account.messages_per_second = options["rate"]
        if options["in_flight"] is not None:
            account.in_flight_limit = options["in_flight"]
        try:
            account.full_clean()
        except ValidationError as problem:
            raise Refused(" ".join(problem.messages)) from problem
        account.save(update_fields=["messages_per_second", "in_flight_limit"])
        answer = {
            "name": account.name,
            "rate": account.messages_per_second,
            "in_flight": account.in_flight_limit,
            "paused": account.paused_at is not None,
            "pause_reason": account.pause_reason,
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(
                f"{account.name}: {account.messages_per_second} texts per second, "
                f"{account.in_flight_limit} under way at once per worker."
            )
