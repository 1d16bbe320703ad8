"""Upload, answer, preview, correct, confirm, undo; and what came of every file."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from contacts import exporting, importing, preview_page, tasks
from contacts.admin.base import PageAdmin, lever
from contacts.import_forms import AnswersForm, OptOutsForm, UploadForm
from contacts.importing.staging import LONGEST_CELL
from contacts.keys import key_of
from contacts.models import ContactImport, ImportRow

Status = ContactImport.Status
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@admin.register(ContactImport)
class ContactImportAdmin(PageAdmin):
    """Every file that came in, and its way."""

    change_list_template = "contacts/import_list.html"
    list_display = ("file", "state", "fates", "who", "uploaded_at")
    list_filter = ("status", "purpose")
    list_select_related = ("uploaded_by", "confirmed_by")
    search_fields = ("file_name",)
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits what was imported."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History stays."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Ours, before the admin's."""
        wrap = self.admin_site.admin_view
        levers = ("answer", "fix", "confirm", "cancel", "undo")
        return [
            path("opt-outs/", wrap(self.opt_outs), name="contacts_contactimport_opt_outs"),
            path("<int:pk>/columns/", wrap(self.columns), name="contacts_contactimport_columns"),
            path("<int:pk>/rejected.xlsx", wrap(self.rejected), name="contacts_contactimport_rejected"),
            path("<int:pk>/undoing/", wrap(self.undoing), name="contacts_contactimport_undoing"),
            *(
                path(f"<int:pk>/{name}/", wrap(getattr(self, name)), name=f"contacts_contactimport_{name}")
                for name in levers
            ),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Take a file; a worker reads it into a preview."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None, initial=self._as_before(request))
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            return self._received(importing.receive(file.chunks(), file.name, form.rules(), request.user))
        return self.page(request, "contacts/upload.html", title="Import a spreadsheet", form=form)

    def _as_before(self, request: HttpRequest) -> dict[str, Any]:
        """The rules of the import whose corrected rows are brought back."""
        before = ContactImport.objects.filter(pk=key_of(request.GET.get("corrects"))).first()
        if before is None:
            return {}
        names = ("region", "existing", "blanks_overwrite", "consent_source", "consent_text")
        day = before.consent_at.date() if before.consent_at else None
        lists = [one.pk for one in before.lists.all()]
        new_list = "" if before.confirmed_at else before.new_list
        return {
            **{name: getattr(before, name) for name in names},
            "consent_day": day,
            "lists": lists,
            "new_list": new_list,
        }

    def opt_outs(self, request: HttpRequest) -> HttpResponse:
        """Take a list of people who must not be texted."""
        if not (self.has_add_permission(request) and request.user.has_perm("contacts.add_suppression")):
            raise PermissionDenied
        form = OptOutsForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            if file := form.cleaned_data["file"]:
                return self._received(importing.receive(file.chunks(), file.name, form.rules(), request.user))
            return self._received(importing.receive_pasted(form.cleaned_data["pasted"], form.rules(), request.user))
        return self.page(request, "contacts/opt_outs.html", title="Import an opt-out list", form=form)

    def _received(self, record: ContactImport) -> HttpResponse:
        tasks.work_on_import.defer(import_id=record.pk)
        return self.to("change", record)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The import as far as it has come."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.found(request, object_id)
        may_import = self.has_add_permission(request)
        waiting = bool(request.headers.get("HX-Request"))
        if record.status == Status.ASKING and may_import:
            # The part that polls gives way to a whole page of questions.
            return HttpResponse(headers={"HX-Refresh": "true"}) if waiting else self._ask(request, record)
        get = request.GET
        return self.page(
            request,
            "contacts/import_live.html" if waiting else "contacts/import.html",
            title=record.file_name,
            record=record,
            original=record,
            may_import=may_import,
            may_undo=request.user.has_perm("contacts.undo_contactimport") and not importing.why_not(record),
            working=record.status in ContactImport.WORKING,
            token=importing.confirmation(record, request.user),
            **preview_page.shown(record, get.get("fate", ""), get.get("q", "").strip(), get.get("p")),
        )

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the columns mean, to be changed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        record = self.found(request, pk)
        if record.status not in (Status.ASKING, Status.PREVIEWED):
            return self.to("change", record)
        return self._ask(request, record)

    def _ask(self, request: HttpRequest, record: ContactImport, form: AnswersForm | None = None) -> HttpResponse:
        form = form or AnswersForm(record)
        return self.page(request, "contacts/columns.html", title=record.file_name, record=record, form=form)

    @lever("contacts.add_contactimport")
    def answer(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Read the file again as staff say."""
        if record.status not in (Status.ASKING, Status.PREVIEWED):
            messages.warning(request, "It is too late to change how this file is read.")
            return self.to("change", record)
        form = AnswersForm(record, request.POST)
        if not form.is_valid():
            return self._ask(request, record, form)
        return self._try(request, record, lambda: importing.answer(record, form.answers()))

    @lever("contacts.add_contactimport")
    def fix(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Put corrected cells into their row, and judge the row again."""
        number = key_of(request.POST.get("row"))
        cells = {
            int(name.removeprefix("cell_")): str(text)[:LONGEST_CELL]
            for name, text in request.POST.items()
            if name.startswith("cell_") and name.removeprefix("cell_").isdecimal()
        }
        if not number or not cells:
            messages.warning(request, "Nothing was corrected: the form was not complete.")
            return self.to("change", record)
        try:
            row = importing.fix(record, number, cells)
        except importing.CannotImport as problem:
            messages.warning(request, str(problem))
        else:
            say = messages.success if row.fate in row.TAKEN else messages.warning
            say(request, f"Row {row.number:,}: {row.get_fate_display().lower()}. {row.reason}".strip())
        back = QueryDict(request.POST.get("back", "")[:500]).urlencode()
        return HttpResponseRedirect(f"{self.to('change', record).headers['Location']}?{back}")

    @lever("contacts.add_contactimport")
    def confirm(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Let a worker make the change, once."""

        def confirm() -> None:
            version = importing.check_confirmation(request.POST.get("token", ""), record, request.user)
            importing.confirm(record, by=request.user, version=version)

        return self._try(request, record, confirm)

    def _try(self, request: HttpRequest, record: ContactImport, step: Any) -> HttpResponse:
        """Take the step and have a worker go on with it, or say why not."""
        try:
            with transaction.atomic():
                step()
                tasks.work_on_import.defer(import_id=record.pk)
        except importing.CannotImport as problem:
            messages.warning(request, str(problem))
        return self.to("change", record)

    @lever("contacts.add_contactimport")
    def cancel(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Call the file off."""
        try:
            with transaction.atomic():
                messages.success(request, importing.cancel(record, by=request.user))
                tasks.work_on_import.defer(import_id=record.pk)
        except importing.CannotImport as problem:
            messages.warning(request, str(problem))
            return self.to("change", record)
        record.refresh_from_db()
        return self.to("change", record) if record.status == Status.UNDOING else self.to("changelist")

    def undoing(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What undoing would do."""
        if not request.user.has_perm("contacts.undo_contactimport"):
            raise PermissionDenied
        record = self.found(request, pk)
        problem = importing.why_not(record)
        undone = None if problem else importing.preview_undo(record)
        title = f"Undo {record.file_name}"
        return self.page(request, "contacts/undo.html", title=title, record=record, problem=problem, undone=undone)

    @lever("contacts.undo_contactimport")
    def undo(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Take the import back."""
        return self._try(request, record, lambda: importing.begin_undo(record, by=request.user))

    def rejected(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        """The rows that were not taken, with the reason, to be corrected and imported again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.found(request, pk)
        response = StreamingHttpResponse(exporting.rejected_workbook(record), content_type=XLSX)
        response["Content-Disposition"] = 'attachment; filename="rejected.xlsx"'
        return response

    @display(
        description="state",
        label={
            Status.IMPORTED.label: "success",
            Status.UNREADABLE.label: "danger",
            Status.PREVIEWED.label: "warning",
            Status.ASKING.label: "warning",
            Status.CANCELED.label: "info",
        },
    )
    def state(self, record: ContactImport) -> str:
        """The status in words."""
        return record.get_status_display()

    @display(description="file", ordering="file_name")
    def file(self, record: ContactImport) -> SafeString | str:
        """The name, and a word where the file does not bring contacts."""
        return format_html("{} <span class='soft'>opt-outs</span>", record) if record.is_opt_outs else str(record)

    @display(description="rows")
    def fates(self, record: ContactImport) -> SafeString | str:
        """What became of how many rows, each number opening those."""
        page = reverse("admin:contacts_contactimport_change", args=[record.pk])
        counts = [(fate, label.lower(), getattr(record, fate)) for fate, label in ImportRow.Fate.choices]
        links = [(page, fate, f"{count:,} {label}") for fate, label, count in counts if count]
        return format_html_join(", ", '<a class="page-link" href="{}?fate={}">{}</a>', links) or "–"

    @display(description="by")
    def who(self, record: ContactImport) -> str:
        """Who brought the file."""
        return str(record.uploaded_by or "Command line")
