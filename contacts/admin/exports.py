"""Contacts into a file: which, as what, and the file when it is there.

Both ways begin with a POST: what is nobody's to fetch by a link are the numbers of all customers, and a link opened by
a mail scanner or a prefetching browser would. A GET only shows the form, the progress, or the file already asked for.
"""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from unfold.decorators import display
from unfold.widgets import UnfoldAdminRadioSelectWidget

from contacts import exporting, files, tasks
from contacts.admin.base import PageAdmin
from contacts.models import Contact, ContactExport

Status = ContactExport.Status
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Who may take contacts out needs both; seeing them one by one is not enough.
PERMISSIONS = ("contacts.view_contact", "contacts.add_contactexport")


def may_export(request: HttpRequest) -> bool:
    """May this person take contacts out of the product?"""
    return bool(request.user.has_perms(PERMISSIONS))


class ExportForm(forms.Form):
    """Which contacts, and as what."""

    which = forms.ChoiceField(label="Which contacts", widget=UnfoldAdminRadioSelectWidget)
    kind = forms.ChoiceField(
        label="As",
        widget=UnfoldAdminRadioSelectWidget,
        choices=[("xlsx", "Excel (.xlsx), written in the background"), ("csv", "CSV, at once")],
        initial="xlsx",
    )

    def __init__(self, shown: ChangeList, data: Any = None) -> None:
        super().__init__(data, initial={"which": "shown"})
        self._shown = shown
        self.everybody = Contact.objects.count()
        field = self.fields["which"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the type checker
        filtered = shown.query or shown.has_active_filters
        some = [("shown", f"{_people(shown.result_count)}: {describe(shown)}")] if filtered else []
        field.choices = [*some, ("all" if some else "shown", f"All {_people(self.everybody)}")]

    def clean(self) -> dict[str, Any]:
        """Refuse what a sheet cannot hold."""
        cleaned = super().clean() or {}
        if not self.errors and cleaned["kind"] == "xlsx" and self.count() > exporting.MOST_ROWS:
            raise ValidationError(f"A sheet holds {exporting.MOST_ROWS:,} contacts at most. Take CSV, or choose fewer.")
        return cleaned

    def count(self) -> int:
        """How many contacts were chosen."""
        return self._shown.result_count if self.cleaned_data["which"] == "shown" else self.everybody


def _people(count: int) -> str:
    return f"{count:,} contact{'' if count == 1 else 's'}"


def describe(shown: ChangeList) -> str:
    """The filter in words: `list: Patients; found by “jane”`."""
    chosen: list[str] = []
    for spec in shown.filter_specs:
        _, *choices = spec.choices(shown)  # the first is always "All"
        chosen += [f"{spec.title}: {choice['display']}" for choice in choices if choice.get("selected")]
    return "; ".join([*chosen, f"found by “{shown.query}”"] if shown.query else chosen) or "as filtered"


@admin.register(ContactExport)
class ContactExportAdmin(PageAdmin):
    """The files that somebody asked for; nobody sees another's."""

    list_display = ("file_name", "state", "rows", "requested_at")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactExport]:
        """One's own."""
        return ContactExport.objects.filter(requested_by=request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """See `may_export`."""
        return may_export(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """See `may_export`."""
        return may_export(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The clock deletes the file; that it was asked for stays on record."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Ours, before the admin's."""
        file = path("<int:pk>/file/", self.admin_site.admin_view(self.file), name="contacts_contactexport_file")
        return [file, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Choose; the contacts are those of the change list under the same query string."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            shown = exporting.contacts_shown(request.GET.urlencode(), request.user)
        except exporting.CannotExport as problem:
            messages.warning(request, str(problem))
            return HttpResponseRedirect(reverse("admin:contacts_contact_changelist"))
        form = ExportForm(shown, request.POST or None)
        if request.method == "POST" and form.is_valid():
            query = request.GET.urlencode() if form.cleaned_data["which"] == "shown" else ""
            name = f"contacts-{timezone.localdate():%Y-%m-%d}.{form.cleaned_data['kind']}"
            start = self._stream if form.cleaned_data["kind"] == "csv" else self._begin
            return start(request, query, name, form.count())
        return self.page(request, "contacts/export_form.html", title="Export contacts", form=form)

    def _stream(self, request: HttpRequest, query: str, name: str, count: int) -> Any:
        """CSV, straight from the database; the history says who took it."""
        resource = exporting.ContactResource()
        contacts = exporting.shown_contacts(exporting.contacts_shown(query, request.user))
        LogEntry.objects.create(
            user_id=request.user.pk,
            content_type=ContentType.objects.get_for_model(Contact),
            object_repr=name,
            action_flag=CHANGE,
            change_message=f"Exported {_people(count)} as CSV.",
        )
        pieces = exporting.csv_pieces(resource.get_export_headers(), resource.rows(contacts))
        return _attached(StreamingHttpResponse(pieces, content_type=CSV), name)

    def _begin(self, request: HttpRequest, query: str, name: str, count: int) -> HttpResponse:
        """XLSX, by a worker."""
        with transaction.atomic():
            record = exporting.begin(query, name, count, request.user)
            tasks.work_on_export.defer(export_id=record.pk)
        return self.to("change", record)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """How far the file is, and then the file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.found(request, object_id)
        return self.page(
            request,
            "contacts/export_live.html" if request.headers.get("HX-Request") else "contacts/export.html",
            title=record.file_name,
            record=record,
            original=record,
            working=record.status == Status.WAITING,
            percent=min(99, 100 * record.rows // max(1, record.expected_rows)),
            until=record.requested_at + exporting.KEEP,
        )

    def file(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """The file, from the database in pieces."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.found(request, pk)
        if record.stored_file is None:
            raise Http404
        response = StreamingHttpResponse(files.stream(record.stored_file), content_type=XLSX)
        response["Content-Length"] = record.stored_file.size
        return _attached(response, record.file_name)

    @display(
        description="state",
        label={Status.READY.label: "success", Status.FAILED.label: "danger", Status.WAITING.label: "warning"},
    )
    def state(self, record: ContactExport) -> str:
        """The status in words."""
        return record.get_status_display()


def _attached(response: StreamingHttpResponse, name: str) -> StreamingHttpResponse:
    """To be saved, never shown or kept by anybody in between."""
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["Cache-Control"] = "private, no-store"
    return response
