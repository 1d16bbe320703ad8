"""A database for a bench: empty, durable like a real one, on a server apart from the demo's and the tests'."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django


@contextmanager
def database() -> Iterator[str]:
    """A migrated database for the length of the block; its address, for processes that the bench starts."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
    django.setup()
    from django.conf import settings
    from django.db import connection

    from revmo_campaigns import embedded_postgres
    from tests.postgres import database_url

    data = settings.DATA_DIR / "bench" / "postgres"
    with embedded_postgres.running(data):
        settings.DATABASES["default"].update(embedded_postgres.database_settings(data))
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"bench_{os.getpid()}"
        kept = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield database_url()
        finally:
            connection.creation.destroy_test_db(kept, verbosity=0)
