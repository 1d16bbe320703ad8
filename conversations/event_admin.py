"""Revmo's calls as they came in: for whoever looks after the connection."""

# unfold ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

import json
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from conversations import intake
from conversations.models import WebhookEvent
from conversations.tasks import wake_after_commit

_STATE_COLOURS = {
    "Applied": "success",
    "Waiting": "info",
    "Not matched yet": "warning",
    "Not understood": "danger",
    "Set aside": "danger",
}


@admin.register(WebhookEvent)
class WebhookEventAdmin(ModelAdmin):  # type: ignore[misc]
    """A read-only monitor with one lever: apply again."""

    change_list_template = "conversations/event_list.html"
    list_display = ["kind_in_words", "badge", "note", "is_signed", "received_at"]
    list_filter = ["state", "kind", "signed", "mode", "received_at"]
    list_per_page = 50
    search_fields = ["event_id"]
    search_help_text = "The event's id"
    show_full_result_count = False
    fields = [
        "kind_in_words",
        "badge",
        "note",
        "received_at",
        "applied_at",
        "due_at",
        "is_signed",
        "event_id",
        "readable_body",
    ]
    readonly_fields = fields
    actions = ["replay"]
    actions_detail = ["replay_one"]

    class Media:
        css = {"all": ["conversations.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Events come from Revmo."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What came in stays as it came in."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What came in stays."""
        return False

    def has_replay_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """May this person have events applied again?"""
        return bool(request.user.has_perm("conversations.replay_webhookevent"))

    @display(description="Event", ordering="kind")
    def kind_in_words(self, event: WebhookEvent) -> str:
        """What it tells us."""
        return str(event)

    @display(description="State", ordering="state", label=_STATE_COLOURS)
    def badge(self, event: WebhookEvent) -> str:
        """What became of it."""
        return event.get_state_display()

    @display(description="Verified by", ordering="signed")
    def is_signed(self, event: WebhookEvent) -> str:
        """How we know that it is Revmo's."""
        return "Signature" if event.signed else "Secret address"

    @display(description="As it came in")
    def readable_body(self, event: WebhookEvent) -> SafeString:
        """The raw body; JSON is indented."""
        text = bytes(event.body).decode(errors="replace")
        with suppress(ValueError, RecursionError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        return format_html('<pre class="event-body">{}</pre>', text)

    @action(description="Apply again", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Have the chosen events applied again."""
        _replay(request, queryset)

    @action(
        description="Apply again",
        permissions=["replay"],
        url_path="replay",
        dialog={
            "title": "Apply this event again?",
            "description": "A text that is here already is not added twice, and no status goes backwards.",
            "form_class": None,
            "form_submit_text": "Apply again",
        },
    )
    def replay_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        """Have one event applied again, after the dialog."""
        _replay(request, WebhookEvent.objects.filter(pk=object_id))
        back = reverse("admin:conversations_webhookevent_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": back})


def _replay(request: HttpRequest, events: QuerySet[WebhookEvent]) -> None:
    count = intake.replay(events)
    wake_after_commit()
    if count:
        messages.success(request, f"{count} event{'' if count == 1 else 's'} will be applied again in a moment.")
    else:
        messages.warning(request, "Nothing was changed: these events belong to the other mode, live or simulator.")
