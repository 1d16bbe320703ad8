"""Opt-outs: added by hand, decided where they are in doubt, lifted with a reason, never deleted."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display

from contacts import suppressing
from contacts.admin.base import PageAdmin, lever
from contacts.business_days import business_days_left
from contacts.forms import LiftForm, SuppressionForm
from contacts.models import Contact, Suppression
from contacts.phones import pretty

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Review:
    """One doubt on the page; `days_left` counts business days and is negative when it is overdue."""

    row: Suppression
    number: str
    contact: Contact | None
    days_left: int


@admin.register(Suppression)
class SuppressionAdmin(PageAdmin):
    """Numbers that are not texted, whoever they belong to."""

    form = SuppressionForm
    list_display = ("number", "standing", "source", "created_at", "created_by", "evidence")
    list_filter = ("source", "under_review", ("lifted_at", admin.EmptyFieldListFilter))
    change_list_template = "contacts/suppression_list.html"
    list_select_related = ("created_by",)
    search_fields = ("phone",)
    search_help_text = "Number or a part of it"
    show_full_result_count = False
    change_form_template = "contacts/suppression.html"

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple[str, ...]:
        """Two to fill in; all to read."""
        if obj is None:
            return ("phone", "evidence")
        return (
            "number",
            "standing",
            "source",
            "evidence",
            "doubt",
            "review_by",
            "said_at",
            "created_at",
            "created_by",
            "decided_at",
            "decided_by",
            "lifted_at",
            "lifted_by",
            "lift_reason",
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple[str, ...]:
        """What is on record stays as it is."""
        return () if obj is None else self.get_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: an opt-out is lifted, not deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """With the page that lifts one, and the queue of those in doubt."""
        view = self.admin_site.admin_view
        lift = path("<int:pk>/lift/", view(self.lift), name="contacts_suppression_lift")
        queue = path("reviews/", view(self.reviews), name="contacts_suppression_reviews")
        decide = path("<int:pk>/decide/", view(self.decide), name="contacts_suppression_decide")
        return [lift, queue, decide, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With how many wait for a decision."""
        count = Suppression.objects.to_be_decided().count()
        return super().changelist_view(request, {**(extra_context or {}), "to_decide": count})  # type: ignore[no-any-return]

    def reviews(self, request: HttpRequest) -> HttpResponse:
        """What a person must decide, the most urgent first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        waiting = Suppression.objects.to_be_decided()
        rows = list(waiting[:SHOWN])
        people = {one.phone: one for one in Contact.objects.filter(phone__in=[row.phone for row in rows])}
        today = timezone.localdate()
        return self.page(
            request,
            "contacts/reviews.html",
            title="Did they mean stop?",
            reviews=[_review(row, people, today) for row in rows],
            more=waiting.count() - len(rows),
            may_decide=request.user.has_perm("contacts.review_suppression"),
        )

    @lever("contacts.review_suppression")
    def decide(self, request: HttpRequest, suppression: Suppression) -> HttpResponse:
        """They meant stop, or they did not."""
        number, decision = pretty(suppression.phone), request.POST.get("decision")
        reason = request.POST.get("reason", "").strip()[:300]
        if not suppression.under_review:
            messages.warning(request, f"Somebody has decided about {number} already.")
        elif decision == "stop":
            suppressing.confirm(suppression, by=request.user)
            messages.success(request, f"{number} gets no more texts. What was queued for it has ended.")
        elif decision == "go" and reason:
            suppressing.lift(suppression, by=request.user, reason=reason)
            messages.success(request, f"{number} may be texted. What waited for it goes on within five minutes.")
        else:
            messages.error(request, "Say why they may be texted; it stays with the trace.")
        return self.to("reviews")

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        """Through the one way in which a number is stopped, so that queued texts end at once."""
        suppressing.suppress([obj.phone], source=Suppression.Source.STAFF, evidence=obj.evidence, by=request.user)
        obj.pk = Suppression.objects.standing().get(phone=obj.phone).pk

    def lift(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason, then let the number be texted again."""
        if not request.user.has_perm("contacts.lift_suppression"):
            raise PermissionDenied
        suppression = Suppression.objects.standing().filter(pk=pk).first()
        if suppression is None:
            raise Http404
        form = LiftForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            suppressing.lift(suppression, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, f"{pretty(suppression.phone)} may be texted again. The opt-out stays on record.")
            return self.to("changelist")
        number = pretty(suppression.phone)
        return self.page(request, "contacts/lift.html", title="Lift an opt-out", form=form, number=number)

    @display(description="number", ordering="phone")
    def number(self, suppression: Suppression) -> str:
        """The number as people read it."""
        return pretty(suppression.phone)

    @display(description="state", label={"No texts": "danger", "Rests: decide": "warning", "Lifted": "info"})
    def standing(self, suppression: Suppression) -> str:
        """Does it stand?"""
        if suppression.under_review:
            return "Rests: decide"
        return "No texts" if suppression.lifted_at is None else "Lifted"


def _review(row: Suppression, people: dict[str, Contact], today: date) -> Review:
    left = business_days_left(today, row.review_by) if row.review_by else 0
    return Review(row, pretty(row.phone), people.get(row.phone), left)
