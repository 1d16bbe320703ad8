"""The business's own columns."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from contacts.models import Attribute


@admin.register(Attribute)
class AttributeAdmin(ModelAdmin):
    """What staff call a column, and what its values are. The kind stays: values of another would not be read."""

    list_display = ("label", "name", "kind")
    search_fields = ("label", "name")
    fields = ("label", "name", "kind")
    readonly_fields = ("name", "kind")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An import makes them, from the columns of a file."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Contacts hold values of it, and messages name it."""
        return False
