"""History: every text that was ever owed, and what became of it. A monitor: nothing is changed here."""

# unfold and import-export ship no types for their decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Reverse
from django.http import HttpRequest, HttpResponse
from import_export.admin import ExportMixin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import display

from campaigns.models import Send
from campaigns.resources import SendResource
from contacts.admin.base import PageAdmin
from contacts.admin.contacts import search_contacts
from contacts.models import Contact
from contacts.phones import pretty

State, Delivery = Send.State, Send.Delivery


@admin.register(Send)
class SendAdmin(ExportMixin, PageAdmin):
    """Find any text."""

    resource_classes = (SendResource,)
    export_form_class = ExportForm
    import_export_change_list_template = "campaigns/send_list.html"
    list_display = ("who", "number", "about", "state_shown", "delivery_shown", "thread", "posted_at", "reason_shown")
    list_display_links = ("who",)
    list_filter = (
        ("campaign", AutocompleteSelectFilter),
        "state",
        "delivery",
        "kind",
        ("created_at", RangeDateFilter),
        ("replied_at", admin.EmptyFieldListFilter),
    )
    list_filter_submit = True
    list_select_related = ("contact", "campaign", "agent")
    list_per_page = 50
    ordering = ("-id",)
    search_fields = ("to",)
    search_help_text = "Name, number or its last digits"
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Texts come from campaigns."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was sent stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The log stays whole."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Send], search_term: str
    ) -> tuple[QuerySet[Send], bool]:
        """A number, its beginning or its last digits by the sends' own indexes; a name through the contacts."""
        if not search_term:
            return queryset, False
        digits = "".join(character for character in search_term if character.isdigit())
        if any(character.isalpha() for character in search_term) or not digits:
            people = search_contacts(Contact.objects.all(), search_term)
            return queryset.filter(contact__in=people.values("pk")), False
        ends = Send.objects.annotate(reversed_to=Reverse("to")).filter(reversed_to__startswith=digits[::-1])
        begins = Send.objects.filter(to__startswith=f"+{digits}")
        return queryset.filter(pk__in=ends.order_by().values("pk").union(begins.order_by().values("pk"))), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One text and its story."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        send = self.found(request, object_id)
        return self.page(
            request,
            "campaigns/send.html",
            title=f"Text to {send.contact or pretty(send.to)}",
            original=send,
            send=send,
            number=pretty(send.to),
            calls=send.calls.all(),
            told=[(name.replace("_", " "), value) for name, value in send.metadata.items()],
        )

    @display(description="to")
    def who(self, send: Send) -> str:
        """The person, or that there is none."""
        return (send.contact.full_name if send.contact else "") or "No name"

    @display(description="number", ordering="to")
    def number(self, send: Send) -> str:
        """The number as people read it."""
        return pretty(send.to)

    @display(description="campaign")
    def about(self, send: Send) -> str:
        """The campaign, or what else it was."""
        return str(send.campaign or send.get_kind_display())

    @display(
        description="state",
        ordering="state",
        label={
            State.ACCEPTED.label: "success",
            State.UNKNOWN.label: "warning",
            State.FAILED.label: "danger",
            State.POSTING.label: "info",
        },
    )
    def state_shown(self, send: Send) -> str:
        """What we know about the call."""
        return send.get_state_display()

    @display(
        description="delivery",
        ordering="delivery",
        label={Delivery.DELIVERED.label: "success", Delivery.UNDELIVERED.label: "danger"},
    )
    def delivery_shown(self, send: Send) -> str:
        """What the carrier said."""
        return send.get_delivery_display()

    @display(description="Revmo's thread")
    def thread(self, send: Send) -> str:
        """Its name at Revmo."""
        return send.thread_id or "–"

    @display(description="why")
    def reason_shown(self, send: Send) -> str:
        """In words, where it did not go as hoped."""
        return send.reason or send.delivery_error or "–"
