"""Which contacts somebody looks at: the change list's own answer, so that no filter of it is understood in two ways."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR, ChangeList
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from contacts.exporting.refusing import CannotExport
from contacts.models import Contact

# What says how the list is shown, not who is on it.
HOW_SHOWN = (PAGE_VAR, ORDER_VAR, ALL_VAR)


def contacts_shown(query: str, user: Any) -> ChangeList:
    """The change list of contacts under this query string, as this person sees it. Raises CannotExport."""
    asked = QueryDict(query, mutable=True)
    for name in HOW_SHOWN:
        asked.pop(name, None)
    request = HttpRequest()
    request.method, request.user = "GET", user
    request.GET = asked  # type: ignore[assignment]  # the stubs ask for one that cannot be changed
    try:
        shown: ChangeList = admin.site.get_model_admin(Contact).get_changelist_instance(request)
    except (IncorrectLookupParameters, SuspiciousOperation, ValidationError) as problem:
        raise CannotExport(
            "Contacts cannot be filtered like that. Go back to the contacts and filter anew."
        ) from problem
    return shown


def shown_contacts(shown: ChangeList) -> QuerySet[Contact]:
    """They, without what the page annotates."""
    return Contact.objects.filter(pk__in=shown.queryset.order_by().values("pk"))
