"""Simulators in a hurry."""

from collections.abc import Iterator

import pytest

from simulator.config import Config
from simulator.server import Simulator
from tests.simulator.wire import Receiver, receiving

SECRET = "whsec_c2ltdWxhdG9yLXRlc3Qtc2VjcmV0LTAxMjM0NTY="


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Nobody listens to its events."""
    with Simulator(Config(port=0, delivery_delay=0, slow_delay=0.3)).running() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that takes everything."""
    with receiving() as running:
        yield running


@pytest.fixture
def told(receiver: Receiver) -> Iterator[Simulator]:
    """A simulator whose events the receiver gets."""
    config = Config(port=0, delivery_delay=0, webhook_url=receiver.url, webhook_secret=SECRET)
    with Simulator(config).running() as running:
        yield running
