"""Upload, preview, confirm, and what came of it."""

# unfold ships no types for its decorators and classes.
# mypy: disable-error-code="untyped-decorator,misc"

import csv
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from contacts import importing, tasks
from contacts.admin.base import PageAdmin, lever
from contacts.exporting import harmless
from contacts.forms import UploadForm
from contacts.models import ContactImport, ImportRow

Status = ContactImport.Status
ROWS_A_PAGE = 50


@admin.register(ContactImport)
class ContactImportAdmin(PageAdmin):
    """Every file that came in, and its way."""

    change_list_template = "contacts/import_list.html"
    list_display = (
        "file_name",
        "state",
        "rows",
        "created",
        "updated",
        "unchanged",
        "skipped",
        "rejected",
        "who",
        "uploaded_at",
    )
    list_filter = ("status",)
    list_select_related = ("contact_list", "uploaded_by", "confirmed_by")
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
        return [
            path("<int:pk>/confirm/", wrap(self.confirm), name="contacts_contactimport_confirm"),
            path("<int:pk>/cancel/", wrap(self.cancel), name="contacts_contactimport_cancel"),
            path("<int:pk>/rejected.csv", wrap(self.rejected), name="contacts_contactimport_rejected"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Take a file; a worker reads it into a preview."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            with transaction.atomic():
                record = importing.receive(
                    file,
                    file.name,
                    region=form.cleaned_data["region"],
                    contact_list=form.chosen_list(),
                    by=request.user,
                )
                tasks.stage_import.defer(import_id=record.pk)
            return self.to("change", record)
        return self.page(request, "contacts/upload.html", title="Import a spreadsheet", form=form)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The import as far as it has come."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.found(request, object_id)
        fate = request.GET.get("fate", "")
        if fate not in ImportRow.Fate.values:
            fate = _first_tab(record)
        rows = record.import_rows.filter(fate=fate)
        if search := request.GET.get("q", "").strip():
            rows = rows.filter(phone__contains=search) | rows.filter(cells__icontains=search)
        page = Paginator(rows.order_by("number"), ROWS_A_PAGE).get_page(request.GET.get("p"))
        columns = record.reading.get("columns", [])
        template = "contacts/import_live.html" if request.headers.get("HX-Request") else "contacts/import.html"
        return self.page(
            request,
            template,
            title=record.file_name,
            record=record,
            original=record,
            tabs=[(name, label, getattr(record, name)) for name, label in ImportRow.Fate.choices],
            fate=fate,
            page=page,
            search=search,
            columns=columns,
            mapping=record.reading.get("mapping", {}),
            table=[_line(row, columns) for row in page],
            taken=record.created + record.updated + record.unchanged,
            may_import=self.has_add_permission(request),
            working=record.status in (Status.UPLOADED, Status.IMPORTING),
        )

    @lever("contacts.add_contactimport")
    def confirm(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Let a worker make the change, once."""
        try:
            with transaction.atomic():
                importing.confirm(record, by=request.user)
                tasks.apply_import.defer(import_id=record.pk)
        except importing.CannotImport as problem:
            messages.warning(request, str(problem))
        return self.to("change", record)

    @lever("contacts.add_contactimport")
    def cancel(self, request: HttpRequest, record: ContactImport) -> HttpResponse:
        """Give the file up."""
        if importing.cancel(record):
            messages.success(request, "The import was given up. No contact was changed.")
        else:
            messages.warning(request, "It is too late to give this import up.")
        return self.to("changelist")

    def rejected(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The rows that were not taken, with the reason, to be corrected and imported again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.found(request, pk)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="rejected.csv"'
        response.write("\ufeff")  # so that Excel reads the accents
        writer = csv.writer(response)
        columns = record.reading.get("columns", [])
        writer.writerow([harmless(name) for name in ["Row", "Reason", *columns]])
        for row in record.import_rows.filter(fate=ImportRow.Fate.REJECTED).iterator(chunk_size=2_000):
            writer.writerow([row.number, row.reason, *(harmless(cell) for cell in row.cells)])
        return response

    @display(
        description="state",
        label={
            Status.IMPORTED.label: "success",
            Status.UNREADABLE.label: "danger",
            Status.PREVIEWED.label: "warning",
            Status.CANCELED.label: "info",
        },
    )
    def state(self, record: ContactImport) -> str:
        """The status in words."""
        return record.get_status_display()

    @display(description="by")
    def who(self, record: ContactImport) -> str:
        """Who brought the file."""
        return str(record.uploaded_by or "Command line")


def _first_tab(record: ContactImport) -> str:
    """What needs a look first: problems, then whatever there is."""
    for fate in (ImportRow.Fate.REJECTED, ImportRow.Fate.CREATED, ImportRow.Fate.UPDATED):
        if getattr(record, fate):
            return fate.value
    return ImportRow.Fate.CREATED.value


def _line(row: ImportRow, columns: list[str]) -> dict[str, Any]:
    """A row as the sheet has it, its bad cell marked."""
    cells = [
        {"text": text, "bad": index < len(columns) and bool(row.column) and columns[index] == row.column}
        for index, text in enumerate(row.cells)
    ]
    return {"row": row, "cells": cells}
