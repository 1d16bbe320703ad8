"""A list of the people whom some number counts: searched, and read page by page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from contacts.admin.contacts import search_contacts
from contacts.keys import key_of
from contacts.models import Contact
from contacts.phones import pretty
from contacts.querysets import ContactQuerySet

PER_PAGE = 50


def listed(people: ContactQuerySet, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of them, in the order of their keys. `q` of the query is searched for, `after` is the last one seen."""
    term, after = query.get("q", "").strip(), key_of(query.get("after"))
    if term:
        people = people.filter(pk__in=search_contacts(Contact.objects.all(), term).values("pk"))
    keys = list(people.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[: PER_PAGE + 1])
    page = Contact.objects.filter(pk__in=keys[:PER_PAGE]).order_by("pk")
    shown = page.with_suppression().with_rest().prefetch_related("lists")
    kept = {name: value for name, value in query.items() if name not in ("q", "after")}
    searched = {**kept, "q": term} if term else kept
    return {
        "people": [(person, pretty(person.phone)) for person in shown],
        "count": people.count(),
        "term": term,
        "kept": kept,
        "from_the_first": f"?{urlencode(searched)}" if after else "",
        "more": f"?{urlencode({**searched, 'after': str(keys[PER_PAGE - 1])})}" if len(keys) > PER_PAGE else "",
    }
