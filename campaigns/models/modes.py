"""The two worlds that never mix (promise 7)."""

from django.conf import settings
from django.db import models


class Mode(models.TextChoices):
    """Where the texts of a campaign go; fixed at launch."""

    SIMULATOR = "simulator", "Simulator"
    LIVE = "live", "Live"

    @classmethod
    def current(cls) -> "Mode":
        """The mode of this process: live where the environment holds an API key."""
        return cls(settings.REVMO_MODE)
