"""`/healthz`: does this web process answer, and does it reach the database? A dead worker does not fail it."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 with `{"status": "ok"}`, or 503 when the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database away"}, status=503)
    return JsonResponse({"status": "ok"})
