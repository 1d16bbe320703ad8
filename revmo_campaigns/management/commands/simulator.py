"""`manage.py simulator`: the local stand-in for Revmo, with events to this project's own webhook if asked."""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand

from simulator.__main__ import add_options, config_of, run


class Command(BaseCommand):
    help = "Runs the local Revmo simulator; nothing leaves this machine. Ctrl-C stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The simulator's own options."""
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until stopped; the simulator's exit code."""
        sys.exit(run(config_of(Namespace(**options))))
