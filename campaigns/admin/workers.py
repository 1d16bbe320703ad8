"""The workers, their load, and what waits for them."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from campaigns.models import Worker
from campaigns.sending import load
from contacts.admin.base import PageAdmin


@admin.register(Worker)
class WorkerAdmin(PageAdmin):
    """One page; nothing is changed on it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A worker makes itself known."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A worker leaves by itself."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Who works, on what, and what waits."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.page(
            request, "campaigns/workers.html", title="Workers", workers=load.workers(), accounts=load.accounts()
        )
