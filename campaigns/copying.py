"""A new draft with the words of an older campaign."""

from typing import Any

from django.db import transaction

from campaigns.audience import MANY
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
            spread_minutes=campaign.spread_minutes,
            rest_hours=campaign.rest_hours,
            skip_open_conversations=campaign.skip_open_conversations,
            created_by=by,
        )
        for name in MANY:
            getattr(draft, name).set(getattr(campaign, name).all())
    return draft
