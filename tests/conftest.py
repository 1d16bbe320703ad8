"""What every test stands on: a PostgreSQL of its own, and no way to the world beyond this machine."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache

from tests import postgres

pytest_plugins = ["tests.browsers"]

LOOPBACK = "127.0.0.1,::1,localhost"
# Nothing listens on the discard port: what tries the world by a proxy fails at once.
NOWHERE = "http://127.0.0.1:9"
# For the processes that tests start; pytest-socket guards our own.
ENVIRONMENT = {
    "DATA_DIR": str(postgres.DATA_DIR),
    "REVMO_API_KEY": "",
    "REVMO_API_URL": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": LOOPBACK,
}


@pytest.hookimpl(tryfirst=True)  # before pytest-socket reads its options
def pytest_configure(config: pytest.Config) -> None:
    """Close the ways out. Refuses an environment, or a `.env`, that could text for real."""
    if settings.REVMO_MODE != "simulator" or settings.PUBLIC:
        raise pytest.UsageError(
            "Tests do not run with REVMO_API_KEY or a public ALLOWED_HOSTS set. Unset them, or run: make test"
        )
    config.option.allow_hosts = LOOPBACK
    config.option.allow_unix_socket = True
    os.environ.update(ENVIRONMENT)
    settings.DATA_DIR = postgres.DATA_DIR
    settings.REVMO_API_URL = NOWHERE
    # Slow by design, and no test is about that.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What one test left in the cache, such as the account's zone, is no business of the next."""
    cache.clear()


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The server, started by the first test of a process that needs it and stopped by the last process."""
    with postgres.server():
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_server: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Where pytest-django makes its database; the server first, since the suffix goes to its name."""
