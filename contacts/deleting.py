"""What keeps lists and people from being deleted. Contacts know nothing of campaigns, so whoever needs some says so."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.fields.reverse_related import ManyToManyRel
from django.dispatch import Signal

from contacts.models import Contact, ContactList

# Sent with `lists`, or `people`, those to be deleted; a receiver returns a line for each of its things that needs one.
lists_to_be_deleted = Signal()
people_to_be_deleted = Signal()


def lists_needed_by(lists: "QuerySet[ContactList] | Iterable[ContactList]") -> list[str]:
    """What would change without a word if these lists went, a line each; empty: they may go."""
    chosen = ContactList.objects.filter(pk__in=[one.pk for one in lists])
    return _lines(lists_to_be_deleted.send(ContactList, lists=chosen))


def people_needed_by(people: "QuerySet[Contact] | Iterable[Contact]") -> list[str]:
    """The same for people."""
    chosen = Contact.objects.filter(pk__in=[one.pk for one in people])
    return _lines(people_to_be_deleted.send(Contact, people=chosen))


def hold(records: Iterable[Model]) -> None:
    """Lock them until the end of the transaction.

    Whoever has named one of them has committed by then and is seen; whoever does so from now on waits, and then finds
    that it is gone: the database holds their reference against this lock.
    """
    by_key = {one.pk: type(one) for one in records}
    for model in set(by_key.values()):
        list(model._base_manager.select_for_update().filter(pk__in=by_key).order_by("pk").values_list("pk"))


def named_elsewhere() -> Q:
    """People whom something names one by one, to text them or to leave them out; for a question about contacts."""
    found = Q()
    for relation in Contact._meta.get_fields(include_hidden=True):
        # Lists have rows of their own, with rules of their own.
        if isinstance(relation, ManyToManyRel) and relation.through and relation.through._meta.auto_created:
            found |= Q(pk__in=relation.through._base_manager.values(relation.field.m2m_reverse_name()))
    return found


def _lines(answers: Iterable[tuple[Any, Any]]) -> list[str]:
    return [line for _, lines in answers for line in lines or ()]
