"""No worker outlives its test."""

from collections.abc import Iterator

import pytest

from tests.faults import workers


@pytest.fixture(autouse=True)
def _no_worker_is_left(db: None) -> Iterator[None]:
    """Before the database is emptied."""
    yield
    workers.kill_what_is_left()
