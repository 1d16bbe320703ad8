"""A new draft with the words of an older campaign."""

from typing import Any

from django.db import transaction

from campaigns.models import Campaign


def copy(campaign: Campaign, by: Any = None) -> Campaign:
    """A draft with the same audience, message and trigger; times stay behind, because they are over."""
    with transaction.atomic():
        draft = Campaign.objects.create(
            name=f"{campaign.name[:190]} (copy)",
            agent=campaign.agent,
            message=campaign.message,
            trigger=campaign.trigger,
            metadata=campaign.metadata,
            agent_enabled=campaign.agent_enabled,
            any_hour=campaign.any_hour,
            created_by=by,
        )
        draft.lists.set(campaign.lists.all())
    return draft
