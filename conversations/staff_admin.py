"""Own settings of staff, and the replies that they have saved."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, StackedInline

from campaigns.composing import TemplateProblem, check_names, compile_text
from contacts.admin.base import PageAdmin
from conversations import saved_replies
from conversations.desk_forms import StaffSettingsForm
from conversations.models import SavedReply, StaffSettings


@admin.register(StaffSettings)
class StaffSettingsAdmin(PageAdmin):
    """One page, for everybody's own; those of others stand with their user."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """My settings: everybody on staff may change their own."""
        own = StaffSettings.objects.filter(user=request.user.pk).first() or StaffSettings(user_id=request.user.pk)
        form = StaffSettingsForm(request.POST or None, instance=own)
        if request.method == "POST" and form.is_valid():
            form.save()
            cache.delete(StaffSettings.cache_key(own.user_id))
            messages.success(request, "Saved. The inbox tells times on this clock.")
            return self.to("changelist")
        address = getattr(request.user, "email", "")
        return self.page(request, "conversations/own_settings.html", title="My settings", form=form, address=address)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """It stands in the account menu, not among the tables."""
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a row by hand."""
        return False


class StaffSettingsInline(StackedInline):
    """A colleague's settings on the colleague's page."""

    model = StaffSettings
    fields = ("on_duty", "time_zone")


class SavedReplyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A saved reply, with merge tags that exist."""

    class Meta:
        model = SavedReply
        fields = ("name", "body")

    def clean_body(self) -> str:
        """A tag that names no field is refused with the nearest that does."""
        body: str = self.cleaned_data["body"]
        try:
            check_names(compile_text(body), saved_replies.known_names())
        except TemplateProblem as problem:
            raise ValidationError(str(problem)) from problem
        return body


@admin.register(SavedReply)
class SavedReplyAdmin(ModelAdmin):
    """Texts that staff often need."""

    form = SavedReplyForm
    list_display = ("name", "body")
    search_fields = ("name", "body")
