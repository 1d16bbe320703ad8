"""What staff see of campaigns, their texts and the settings."""

from campaigns.admin.campaign import CampaignAdmin
from campaigns.admin.rehearsed import RehearsedTextAdmin
from campaigns.admin.saved import AllowedNumberAdmin, SavedMessageAdmin
from campaigns.admin.segments import SegmentAdmin
from campaigns.admin.sends import SendAdmin
from campaigns.admin.settings import AccountAdmin, AgentAdmin
from campaigns.admin.triggers import TriggerAdmin
from campaigns.admin.unknowns import UnknownAdmin
from campaigns.admin.workers import WorkerAdmin

__all__ = [
    "AccountAdmin",
    "AgentAdmin",
    "AllowedNumberAdmin",
    "CampaignAdmin",
    "RehearsedTextAdmin",
    "SavedMessageAdmin",
    "SegmentAdmin",
    "SendAdmin",
    "TriggerAdmin",
    "UnknownAdmin",
    "WorkerAdmin",
]
