"""Opt-outs: added by hand, lifted with a reason, never deleted."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from contacts import suppressing
from contacts.admin.base import PageAdmin
from contacts.forms import LiftForm, SuppressionForm
from contacts.models import Suppression
from contacts.phones import pretty


@admin.register(Suppression)
class SuppressionAdmin(PageAdmin):
    """Numbers that are not texted, whoever they belong to."""

    form = SuppressionForm
    list_display = ("number", "standing", "source", "created_at", "created_by", "evidence")
    list_filter = ("source", ("lifted_at", admin.EmptyFieldListFilter))
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
            "created_at",
            "created_by",
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
        """With the page that lifts one."""
        lift = path("<int:pk>/lift/", self.admin_site.admin_view(self.lift), name="contacts_suppression_lift")
        return [lift, *super().get_urls()]

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

    @display(description="state", label={"No texts": "danger", "Lifted": "info"})
    def standing(self, suppression: Suppression) -> str:
        """Does it stand?"""
        return "No texts" if suppression.lifted_at is None else "Lifted"
