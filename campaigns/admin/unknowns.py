"""The tray of unknowns: did these go out?"""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display

from campaigns.models import Mode, Unknown
from campaigns.sending import resolving
from contacts.admin.base import PageAdmin
from contacts.phones import pretty


@admin.register(Unknown)
class UnknownAdmin(PageAdmin):
    """Why we cannot tell, what evidence there is, how long ago; a decision is made on the text's own page."""

    change_list_template = "campaigns/unknown_list.html"
    list_display = ("who", "number", "about", "why", "evidence", "age")
    list_display_links = ("who",)
    list_select_related = ("contact", "campaign")
    list_per_page = 50
    ordering = ("-id",)
    search_fields = ("to",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody makes an unknown."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was sent stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The log stays whole."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unknown]:
        """What neither evidence nor a person has settled, in this mode."""
        waiting = resolving.undecided(Mode.current()).values("pk")
        found: QuerySet[Unknown] = super().get_queryset(request).filter(pk__in=waiting).prefetch_related("calls")
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The text's own page, where it is decided."""
        return HttpResponseRedirect(reverse("admin:campaigns_send_change", args=[object_id]))

    @display(description="to")
    def who(self, send: Unknown) -> str:
        """The person, or that there is none."""
        return (send.contact.full_name if send.contact else "") or "No name"

    @display(description="number", ordering="to")
    def number(self, send: Unknown) -> str:
        """The number as people read it."""
        return pretty(send.to)

    @display(description="campaign")
    def about(self, send: Unknown) -> str:
        """The campaign, or what else it was."""
        return str(send.campaign or send.get_kind_display())

    @display(description="why we cannot tell")
    def why(self, send: Unknown) -> str:
        """In words."""
        return send.reason

    @display(description="evidence")
    def evidence(self, send: Unknown) -> str:
        """What speaks for the one or the other."""
        found = [f"The carrier says: {send.get_delivery_display().lower()}"] if send.delivery != "none" else []
        if send.replied_at:
            found.append("The person has replied since")
        calls = list(send.calls.all())
        if calls and calls[-1].latency_ms is not None:
            call = calls[-1]
            answered = f", status {call.http_status}" if call.http_status else ", no answer"
            found.append(f"The call took {call.latency_ms:,} ms{answered}")
        return "; ".join(found) or "None yet"

    @display(description="since", ordering="finished_at")
    def age(self, send: Unknown) -> str:
        """How long ago."""
        return str(naturaltime(send.finished_at)) if send.finished_at else "–"
