"""What we send, to whom and when."""

from campaigns.models.accounts import Account, Agent, Pace, Trigger
from campaigns.models.attempts import Attempt
from campaigns.models.brakes import Brake
from campaigns.models.campaigns import Campaign
from campaigns.models.modes import Mode
from campaigns.models.rehearsals import Rehearsal, RehearsedText
from campaigns.models.resolutions import Resolution, Unknown
from campaigns.models.segments import Segment
from campaigns.models.sends import Send
from campaigns.models.workers import Worker, WorkerShare

__all__ = [
    "Account",
    "Agent",
    "Attempt",
    "Brake",
    "Campaign",
    "Mode",
    "Pace",
    "Rehearsal",
    "RehearsedText",
    "Resolution",
    "Segment",
    "Send",
    "Trigger",
    "Unknown",
    "Worker",
    "WorkerShare",
]
