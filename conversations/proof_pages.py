"""The proof for a number, as a page and as a workbook."""

import io
import re
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from campaigns.models import Mode
from contacts.exporting.tables import Sheet
from contacts.models import E164_REGEX
from contacts.phones import pretty
from conversations import proof

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def proof_page(request: HttpRequest, phone: str) -> HttpResponse:
    """All that we can show for the number."""
    found = _found(request, phone)
    context = {"title": f"Proof for {pretty(phone)}", "proof": found, "number": pretty(phone)}
    return TemplateResponse(request, "conversations/proof.html", {**admin.site.each_context(request), **context})


@require_POST
def proof_file(request: HttpRequest, phone: str) -> HttpResponse:
    """The same as a workbook; every text is a text, never a formula."""
    found = _found(request, phone)
    file = io.BytesIO()
    with Sheet("Proof", proof.COLUMNS) as sheet:
        for row in proof.cells(found):
            sheet.append(row)
        sheet.save(file)
    name = f"proof-{phone.lstrip('+')}.xlsx"
    return HttpResponse(
        file.getvalue(), content_type=WORKBOOK, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def may_see_proof(user: Any) -> bool:
    """It shows opt-outs and what was said."""
    return bool(user.has_perms(["contacts.view_suppression", "conversations.view_conversation"]))


def _found(request: HttpRequest, phone: str) -> proof.Proof:
    if not may_see_proof(request.user):
        raise PermissionDenied
    if not re.fullmatch(E164_REGEX, phone):
        raise Http404
    return proof.proof_of(phone, Mode.current())
