"""What our admin classes share: pages of their own, and levers that only a POST pulls."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from contacts import deleting
from contacts.keys import key_of

View = Callable[..., HttpResponse]


class PageAdmin(ModelAdmin):
    """An admin with pages of its own."""

    def found(self, request: HttpRequest, pk: int | str) -> Any:
        """The record, or 404."""
        record = self.get_queryset(request).filter(pk=key_of(str(pk))).first()
        if record is None:
            raise Http404
        return record

    def page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """A page in the admin's frame."""
        shared = {**self.admin_site.each_context(request), "opts": self.model._meta}
        return TemplateResponse(request, template, {**shared, **context})

    def to(self, page: str, record: Model | None = None) -> HttpResponse:
        """On to a page of this model, or of one record."""
        name = f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_{page}"
        return HttpResponseRedirect(reverse(name, args=[record.pk] if record is not None else []))


class NeededAdmin(ModelAdmin):
    """An admin of what stays while something needs it."""

    # What would change without a word if these records went, a line each.
    needed_by: Callable[[Any], list[str]]

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """With what needs them; who deletes holds them first, so that nothing comes to need them meanwhile."""
        if request.method == "POST":
            deleting.hold(objs)
        deleted, counts, permissions, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, permissions, [*protected, *self.needed_by(objs)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Actions are one transaction, as the admin makes the deletion of one record."""
        with transaction.atomic():
            found: HttpResponse = super().changelist_view(request, extra_context)
        return found


def lever(permission: str) -> Callable[[View], View]:
    """POST only, for those who hold the permission (`app.codename`); the view gets the record in place of its key."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(self: PageAdmin, request: HttpRequest, pk: int) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(self, request, self.found(request, pk))

        return guarded

    return decorate
