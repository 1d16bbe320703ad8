"""Who a campaign is for."""

from django.db.models import Func, QuerySet

from campaigns.models import Campaign
from contacts.models import Contact


class JsonKeys(Func):
    """The top-level keys of a JSON object, a row each."""

    function = "jsonb_object_keys"
    set_returning = True


def audience(campaign: Campaign) -> QuerySet[Contact]:
    """Every contact of the campaign's lists, once, with `opted_out`; in the order of their keys."""
    members = Contact.objects.filter(memberships__contact_list__in=campaign.lists.all()).values("pk")
    return Contact.objects.filter(pk__in=members).with_suppression().order_by("pk")


def attribute_names(campaign: Campaign) -> set[str]:
    """The names of other columns that anybody in the audience has."""
    keys = audience(campaign).order_by().annotate(key=JsonKeys("attributes")).values_list("key", flat=True)
    return set(keys.distinct())
