#!/usr/bin/env python3
"""Django's command line, with the embedded PostgreSQL running for as long as the command does."""

import os
import sys


def main() -> int:
    """Run one management command; a wrong set-up ends with a plain sentence and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
    try:
        from django.core.management import execute_from_command_line
        from django.db.utils import OperationalError

        from revmo_campaigns import embedded_postgres
    except ImportError:
        sys.stderr.write("The Python packages are not installed yet. Run: make setup\n")
        return 2
    try:
        with embedded_postgres.running():
            execute_from_command_line(sys.argv)
    except embedded_postgres.DatabaseUnavailable as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", None) is not None:
            raise  # the database answered; this is something else
        sys.stderr.write(f"The database does not answer. Check DATABASE_URL and that PostgreSQL runs. ({problem})\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
