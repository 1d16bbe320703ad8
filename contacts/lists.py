"""What keeps a list from being deleted. Contacts know nothing of campaigns, so whoever needs lists says so here."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.dispatch import Signal

from contacts.models import ContactList

# Sent with `lists`, those to be deleted; a receiver returns a line for each of its things that needs one.
lists_to_be_deleted = Signal()


def needed_by(lists: "QuerySet[ContactList] | Iterable[ContactList]") -> list[str]:
    """What would change without a word if these lists went, a line each; empty: they may go."""
    chosen = ContactList.objects.filter(pk__in=[one.pk for one in lists])
    return [line for _, lines in lists_to_be_deleted.send(ContactList, lists=chosen) for line in lines or ()]
