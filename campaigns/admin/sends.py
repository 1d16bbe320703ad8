"""History: every text that was ever owed, and what became of it. A monitor: nothing is changed here."""

# unfold and import-export ship no types for their decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Reverse
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from import_export.admin import ExportMixin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import display

from campaigns.admin.filters import (
    AccountFilter,
    DaysFilter,
    ModeFilter,
    OptedOutFilter,
    StateFilter,
    WaitingFilter,
    WhyFilter,
)
from campaigns.models import Campaign, Resolution, Send
from campaigns.resources import SendResource
from campaigns.sending import resolving
from contacts.admin.base import PageAdmin, lever
from contacts.admin.contacts import search_contacts
from contacts.models import Contact
from contacts.phones import pretty

State, Delivery = Send.State, Send.Delivery


def _decision(request: HttpRequest, send: Send) -> dict[str, Any]:
    """What was decided about the text, and what this person may decide."""
    resolution = Resolution.objects.filter(send=send).select_related("resend", "decided_by").first()
    first = Resolution.objects.filter(resend=send).select_related("send").first()
    open_ = resolution is None and send.state in (State.UNKNOWN, State.FAILED)
    return {
        "resolution": resolution,
        "first": first.send if first else None,
        "may_assume": open_ and send.state == State.UNKNOWN and request.user.has_perm("campaigns.resolve_send"),
        "may_resend": open_ and request.user.has_perm("campaigns.resend_send"),
    }


@admin.register(Send)
class SendAdmin(ExportMixin, PageAdmin):
    """Find any text."""

    resource_classes = (SendResource,)
    export_form_class = ExportForm
    import_export_change_list_template = "campaigns/send_list.html"
    list_display = ("who", "number", "about", "state_shown", "delivery_shown", "posted_at", "reason_shown")
    list_display_links = ("who",)
    list_filter = (
        ("campaign", AutocompleteSelectFilter),
        ("state", StateFilter),
        "delivery",
        "kind",
        ("posted_at", DaysFilter),
        ("replied_at", admin.EmptyFieldListFilter),
        OptedOutFilter,
        WhyFilter,
        WaitingFilter,
        AccountFilter,
        ModeFilter,
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
        """A number or its beginning by the texts' own index; a name and last digits through the contacts."""
        if not search_term:
            return queryset, False
        digits = "".join(character for character in search_term if character.isdigit())
        people = search_contacts(Contact.objects.all(), search_term).values("pk")
        if any(character.isalpha() for character in search_term) or not digits:
            return queryset.filter(contact__in=people), False
        theirs = Send.objects.filter(contact__in=people, to__endswith=digits)
        nameless = Send.objects.filter(contact=None).annotate(backwards=Reverse("to"))
        nameless = nameless.filter(backwards__startswith=digits[::-1])
        begins = Send.objects.filter(to__startswith=f"+{digits}")
        found = [sends.order_by().values("pk") for sends in (theirs, nameless, begins)]
        return queryset.filter(pk__in=found[0].union(*found[1:])), False

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
            **_decision(request, send),
        )

    def get_urls(self) -> list[URLPattern]:
        """With the levers for what failed or is unknown."""
        wrap = self.admin_site.admin_view
        ours = [
            path("<int:pk>/assume/", wrap(self.assume), name="campaigns_send_assume"),
            path("<int:pk>/again/", wrap(self.again), name="campaigns_send_again"),
            path("retry/<int:campaign>/", wrap(self.retry), name="campaigns_send_retry"),
        ]
        return [*ours, *super().get_urls()]

    @lever("campaigns.resolve_send")
    def assume(self, request: HttpRequest, send: Send) -> HttpResponse:
        """Note that the person was probably reached."""
        try:
            resolving.assume_sent(send, by=request.user, reason=request.POST.get("reason", ""))
        except resolving.CannotResolve as problem:
            messages.error(request, f"Nothing was changed. {problem}")
        else:
            self.log_change(request, send, "Assumed sent.")
            messages.success(request, "Noted: assumed sent. Its state stays unknown until there is evidence.")
        return self.to("change", send)

    @lever("campaigns.resend_send")
    def again(self, request: HttpRequest, send: Send) -> HttpResponse:
        """Queue the same text once more."""
        try:
            resend = resolving.send_again(send, by=request.user, reason=request.POST.get("reason", ""))
        except resolving.CannotResolve as problem:
            messages.error(request, f"Nothing was sent. {problem}")
            return self.to("change", send)
        self.log_change(request, send, "Sent again.")
        messages.success(request, "Queued once more; this is the new text.")
        return self.to("change", resend)

    def retry(self, request: HttpRequest, campaign: int) -> HttpResponse:
        """Say how many of a campaign certainly failed, then queue them once more."""
        if not request.user.has_perm("campaigns.resend_send"):
            raise PermissionDenied
        found = get_object_or_404(Campaign, pk=campaign)
        back = HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[found.pk]))
        if request.method != "POST":
            return self.page(
                request,
                "campaigns/retry.html",
                title=found.name,
                campaign=found,
                count=resolving.certainly_failed(found).count(),
                failed=found.sends.filter(Send.in_states(State.FAILED), resolution__isnull=True).count(),
            )
        try:
            count = resolving.retry_failed(found, by=request.user, reason=request.POST.get("reason", ""))
        except resolving.CannotResolve as problem:
            messages.error(request, f"Nothing was sent. {problem}")
        else:
            messages.success(request, f"Queued once more: {count:,} texts that had certainly failed.")
        return back

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
        ordering="stage",
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

    @display(description="why")
    def reason_shown(self, send: Send) -> str:
        """In words, where it did not go as hoped."""
        return send.reason or send.delivery_error or "–"
