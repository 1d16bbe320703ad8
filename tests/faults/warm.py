"""All that a worker needs, imported once; workers are forked from here, before anything is connected."""

import django

django.setup()

from campaigns import worker  # noqa: E402, F401
from campaigns.management.commands import worker as command  # noqa: E402, F401
