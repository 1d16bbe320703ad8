"""What staff see of campaigns, their texts and the settings."""

from campaigns.admin.campaign import CampaignAdmin
from campaigns.admin.sends import SendAdmin
from campaigns.admin.settings import AccountAdmin, AgentAdmin, TriggerAdmin

__all__ = ["AccountAdmin", "AgentAdmin", "CampaignAdmin", "SendAdmin", "TriggerAdmin"]
