"""Revmo's calls as they came in: for whoever looks after the connection."""

# unfold ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator,misc"

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from contacts.admin.base import PageAdmin
from contacts.phones import pretty
from conversations import connecting, intake
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
class WebhookEventAdmin(PageAdmin):
    """A read-only monitor with two levers: apply again, and send ourselves one."""

    change_list_template = "conversations/event_list.html"
    list_display = ["kind_in_words", "number", "badge", "note", "is_signed", "received_at"]
    list_filter = ["state", "kind", "signed", "mode", "received_at"]
    list_per_page = 50
    search_fields = ["event_id"]  # `get_search_results` looks further
    search_help_text = "A number or its last digits, a thread, an event's id, or words of a recent one"
    show_full_result_count = False
    fields = [
        "kind_in_words",
        "badge",
        "note",
        "number",
        "thread",
        "conversation",
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

    def get_urls(self) -> list[URLPattern]:
        """With the page on the connection."""
        page = self.admin_site.admin_view(self.connection_page)
        return [path("connection/", page, name="conversations_webhookevent_connection"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """Lists do without the bodies."""
        return super().get_queryset(request).defer("body")  # type: ignore[no-any-return]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent], search_term: str
    ) -> tuple[QuerySet[WebhookEvent], bool]:
        """By number, thread, id, or words."""
        found = WebhookEvent.objects.matching(search_term) if search_term.strip() else None
        return (queryset if found is None else queryset & found), False

    def connection_page(self, request: HttpRequest) -> HttpResponse:
        """Is the way open? A POST sends ourselves an event."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            if not self.has_replay_permission(request):
                raise PermissionDenied
            _try_the_way(request)
            return self.to("connection")
        now = timezone.now()
        waits = connecting.waits_since()
        return self.page(
            request,
            "conversations/connection.html",
            title="Webhooks: is the way open?",
            ways=connecting.ways(request),
            lately=connecting.lately(now),
            refused=connecting.refused(now),
            newest=connecting.newest(),
            conditions=connecting.proxy_conditions(request),
            stuck=waits if waits is not None and now - waits > timedelta(seconds=30) else None,
            may_try=self.has_replay_permission(request),
        )

    @display(description="Number", ordering="phone")
    def number(self, event: WebhookEvent) -> str:
        """Whom it is about, where it says so."""
        return pretty(event.phone) if event.phone else "–"

    @display(description="Thread")
    def thread(self, event: WebhookEvent) -> str:
        """Revmo's name for the conversation."""
        return event.thread_id or "–"

    @display(description="Conversation")
    def conversation(self, event: WebhookEvent) -> SafeString | str:
        """Where its text or its hand-over stands."""
        told = getattr(event, "message", None) or getattr(event, "entry", None)
        if told is None:
            return "–"
        page = reverse("admin:conversations_conversation_change", args=[told.conversation_id])
        return format_html('<a class="page-link" href="{}?show=all">Open the conversation</a>', page)

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


def _try_the_way(request: HttpRequest) -> None:
    try:
        tried = connecting.send_to_ourselves()
    except connecting.CannotTry as problem:
        messages.error(request, str(problem))
        return
    if tried.status == 200 and tried.event is not None:
        messages.success(request, "Your event was let in, verified and stored. It is the newest below.")
    else:
        messages.error(
            request,
            f"Your event was answered with status {tried.status}. Look at what was refused, and at the database.",
        )


def _replay(request: HttpRequest, events: QuerySet[WebhookEvent]) -> None:
    count = intake.replay(events)
    wake_after_commit()
    if count:
        messages.success(request, f"{count} event{'' if count == 1 else 's'} will be applied again in a moment.")
    else:
        messages.warning(request, "Nothing was changed: these events belong to the other mode, live or simulator.")
