"""The WSGI entry that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
application = get_wsgi_application()
# What stands now stands for good: the collector need not look through hundreds of thousands of objects again in the
# middle of somebody's request. The addresses are resolved first, since they bring all of the admin with them.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
