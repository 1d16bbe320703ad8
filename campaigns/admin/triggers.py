"""What agents can be asked to do, and what they need to know for it."""

# unfold and import-export ship no types for their decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.admin import TabularInline
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns import testing
from campaigns.admin.composer import followed, token_of
from campaigns.models import AllowedNumber, Mode, Trigger, TriggerKey
from campaigns.trigger_pages import results
from campaigns.trigger_resource import TriggerResource
from contacts.admin.base import PageAdmin, lever
from contacts.keys import key_of
from contacts.models import Contact
from contacts.phones import InvalidPhone, parse_phone

# A spreadsheet of triggers is small; import-export reads it in this process.
LARGEST_SHEET = 1024 * 1024


class TriggerImportForm(ImportForm):
    """With a limit."""

    def clean_import_file(self) -> Any:
        """At most a megabyte."""
        file = self.cleaned_data["import_file"]
        if file.size > LARGEST_SHEET:
            raise ValidationError("This file is too large for a list of triggers: at most 1 MB.")
        return file


class TriggerForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A description of a line or two."""

    class Meta:
        model = Trigger
        fields = ("agent", "phrase", "description")
        widgets = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 2})}


class TriggerKeyInline(TabularInline):
    """The contract, a line a key."""

    model = TriggerKey
    fields = ("key", "kind", "required", "description", "example", "default")
    extra = 0
    hide_title = True


@admin.register(Trigger)
class TriggerAdmin(ImportExportMixin, PageAdmin):
    """The phrase, what the agent must know, what came of it, and a test."""

    form = TriggerForm
    resource_classes = (TriggerResource,)
    import_form_class = TriggerImportForm
    export_form_class = ExportForm
    formats = (CSV, XLSX)
    skip_admin_log = True
    import_export_change_list_template = "campaigns/trigger_list.html"
    change_form_template = "campaigns/trigger.html"
    inlines = (TriggerKeyInline,)
    list_display = ("phrase", "description", "needs", "agent", "used_by")
    list_filter = (("agent", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("agent",)
    search_fields = ("phrase", "description")
    fields = ("agent", "phrase", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trigger]:
        """With the number of campaigns and keys."""
        found: QuerySet[Trigger] = super().get_queryset(request)
        return found.select_related("agent__account").annotate(
            campaign_count=Count("campaigns", distinct=True), key_count=Count("keys", distinct=True)
        )

    def has_import_permission(self, request: HttpRequest) -> bool:
        """An import adds and changes."""
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """Note in each trigger's history that a spreadsheet changed it."""
        changed = {row.instance.trigger for row in result if row.instance is not None and row.import_type != "skip"}
        for trigger in sorted(changed, key=lambda one: one.phrase):
            self.log_change(request, trigger, "Changed by a spreadsheet.")
        answer: HttpResponse = super().process_result(result, request)
        return answer

    def get_urls(self) -> list[URLPattern]:
        """With the test."""
        test = path("<int:pk>/test/", self.admin_site.admin_view(self.test), name="campaigns_trigger_test")
        return [test, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With what came of it, and the form of a test."""
        trigger = self.found(request, object_id)
        extra = {
            "results": results(trigger),
            "token": uuid4(),
            "phones": AllowedNumber.objects.all()[:50],
            "live": Mode.current() == Mode.LIVE,
        }
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})
        return answer

    @lever("campaigns.test_campaign")
    def test(self, request: HttpRequest, trigger: Trigger) -> HttpResponse:
        """Begin the task on a colleague's phone, with somebody's data or the examples."""
        context: dict[str, Any] = {"token": uuid4()}
        try:
            region = trigger.agent.account.region
            chosen = AllowedNumber.objects.filter(pk__in=map(key_of, request.POST.getlist("test_phone")))
            to = testing.numbers(chosen, request.POST.get("test_number", ""), region)
            draft, somebody = testing.stand_in(trigger, _person(request.POST.get("test_person", ""), region))
            context |= followed(testing.send_tests(draft, somebody, to, token_of(request), every=False))
        except testing.CannotTest as problem:
            context["problem"] = str(problem)
        return TemplateResponse(request, "campaigns/tests.html", context)

    @display(description="needs", ordering="key_count")
    def needs(self, trigger: Any) -> str:
        """How many values the agent is told."""
        count: int = trigger.key_count
        return f"{count} value{'' if count == 1 else 's'}" if count else "Nothing"

    @display(description="used by", ordering="campaign_count")
    def used_by(self, trigger: Any) -> str:
        """How many campaigns begin with it."""
        count: int = trigger.campaign_count
        return f"{count} campaign{'' if count == 1 else 's'}" if count else "No campaign yet"


def _person(typed: str, region: str) -> Contact | None:
    if not typed.strip():
        return None
    try:
        person = Contact.objects.filter(phone=parse_phone(typed, region).e164).first()
    except InvalidPhone as problem:
        raise testing.CannotTest(f"“{typed.strip()[:40]}”: {problem} Nothing was sent.") from problem
    if person is None:
        raise testing.CannotTest("No contact has that number. Nothing was sent.")
    return person
