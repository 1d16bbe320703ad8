"""A new draft with the words of an older campaign."""

from typing import Any

from django.db import transaction

from campaigns import revising
from campaigns.models import Campaign

# Times are over, or would come too soon for a copy.
_OWN = ("name", "scheduled_at", "each_own_clock", "expires_at")


def copy(campaign: Campaign, by: Any = None) -> Campaign:
    """A draft with the same audience, message and trigger; times stay behind."""
    fields = [field for field in revising.written_fields(Campaign) if field.name not in _OWN]
    values = {field.attname: getattr(campaign, field.attname) for field in fields if not field.many_to_many}
    with transaction.atomic():
        draft = Campaign.objects.create(name=f"{campaign.name[:190]} (copy)", created_by=by, **values)
        for field in fields:
            if field.many_to_many:
                getattr(draft, field.name).set(getattr(campaign, field.name).all())
        revising.begin(draft, by, f"copied it from “{campaign}”")
    return draft
