"""A bare Django view with one INSERT, without middleware: what intake is measured against, behind the same server."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revmo_campaigns.settings")
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare"


def insert(request: HttpRequest) -> HttpResponse:
    """Keep the body."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_bare (body) VALUES (%s)", [request.body])
    return HttpResponse(headers={"Content-Length": "0"})


urlpatterns = [path("webhooks/revmo/", insert)]
application = get_wsgi_application()
