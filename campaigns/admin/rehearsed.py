"""Everybody of a rehearsal: who gets what and when, and who is held back and why. A monitor: nothing changes here."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.admin.filters import HeldBackFilter
from campaigns.models import Rehearsal, RehearsedText
from campaigns.pages import their_time
from contacts.admin.base import PageAdmin
from contacts.admin.contacts import search_contacts
from contacts.keys import key_of
from contacts.models import Contact
from contacts.phones import pretty


@admin.register(RehearsedText)
class RehearsedTextAdmin(PageAdmin):
    """Opened from the page of a rehearsal, which narrows it to its own people."""

    change_list_template = "campaigns/rehearsed_list.html"
    list_display = ("who", "number", "outcome_shown", "why_or_what", "when", "segments")
    list_display_links = None
    list_filter = ("outcome", HeldBackFilter)
    list_select_related = ("contact",)
    list_per_page = 50
    ordering = ("rehearsal", "phone")
    search_fields = ("phone",)
    search_help_text = "Name, number or its last digits"
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A rehearsal makes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A snapshot stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And whole."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the campaign."""
        return bool(request.user.has_perm("campaigns.view_campaign"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not of itself in any menu."""
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the campaign whose rehearsal it is, and the way back there."""
        asked = key_of(request.GET.get("rehearsal__id__exact"))
        snapshot = Rehearsal.objects.select_related("campaign").filter(pk=asked).first()
        page: HttpResponse = super().changelist_view(request, {**(extra_context or {}), "snapshot": snapshot})
        return page

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The address names the rehearsal."""
        return lookup == "rehearsal__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RehearsedText], search_term: str
    ) -> tuple[QuerySet[RehearsedText], bool]:
        """By the person."""
        if not search_term.strip():
            return queryset, False
        people = search_contacts(Contact.objects.all(), search_term)
        return queryset.filter(contact__in=people.values("pk")), False

    @display(description="person")
    def who(self, text: RehearsedText) -> SafeString:
        """By name; the link opens the person."""
        address = reverse("admin:contacts_contact_change", args=[text.contact_id])
        return format_html('<a class="page-link" href="{}">{}</a>', address, text.contact.full_name or "No name")

    @display(description="number", ordering="phone")
    def number(self, text: RehearsedText) -> str:
        """As people read it."""
        return pretty(text.phone)

    @display(description="outcome", label={RehearsedText.Outcome.WILL_SEND.label: "success"})
    def outcome_shown(self, text: RehearsedText) -> str:
        """In words."""
        return text.get_outcome_display()

    @display(description="text, or why not")
    def why_or_what(self, text: RehearsedText) -> SafeString | str:
        """What they will read, or the reason; with the way to where an hour can be found for them."""
        if text.outcome == RehearsedText.Outcome.NO_HOUR and not text.contact.time_zone:
            address = reverse("admin:contacts_contact_change", args=[text.contact_id])
            link = '{} <a class="page-link" href="{}#id_time_zone">Set their time zone</a>'
            return format_html(link, text.reason, address)
        return text.reason or text.text or "The agent writes the first text from its trigger."

    @display(description="when, their time", ordering="due_at")
    def when(self, text: RehearsedText) -> str:
        """On the person's own clock."""
        return their_time(text.due_at, text.contact) if text.due_at else "–"
