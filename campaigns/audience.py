"""Who a campaign is for."""

from django.db.models import Func, QuerySet

from campaigns.models import Campaign
from contacts.models import Contact, ContactList


class JsonKeys(Func):
    """The top-level keys of a JSON object, a row each."""

    function = "jsonb_object_keys"
    set_returning = True


def members(lists: "QuerySet[ContactList]") -> "QuerySet[Contact]":
    """Everybody on any of the lists, once."""
    return Contact.objects.filter(pk__in=Contact.objects.filter(memberships__contact_list__in=lists).values("pk"))


def audience(campaign: Campaign) -> "QuerySet[Contact]":
    """Every contact of the campaign's lists, once, with `opted_out`; in the order of their keys."""
    people = Contact.objects.filter(pk__in=members(campaign.lists.all()).values("pk"))
    return people.with_suppression().order_by("pk")


def attribute_names(lists: "QuerySet[ContactList]") -> set[str]:
    """The names of other columns that anybody on the lists has."""
    keys = members(lists).order_by().annotate(key=JsonKeys("attributes")).values_list("key", flat=True)
    return set(keys.distinct())
