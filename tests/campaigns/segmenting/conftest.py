"""A world for whoever asks."""

import pytest

from tests.campaigns.segmenting.worlds import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()
