"""What we send, to whom and when."""

from campaigns.models.accounts import Account, Agent, Pace, Trigger
from campaigns.models.attempts import Attempt
from campaigns.models.brakes import Brake
from campaigns.models.campaigns import Campaign
from campaigns.models.contracts import TriggerKey
from campaigns.models.modes import Mode
from campaigns.models.rehearsals import Rehearsal, RehearsedText
from campaigns.models.resolutions import Resolution, Unknown
from campaigns.models.revisions import Revision
from campaigns.models.saved import AllowedNumber, SavedMessage
from campaigns.models.segments import Segment
from campaigns.models.send_windows import SendWindow
from campaigns.models.sends import Send
from campaigns.models.workers import Worker, WorkerShare

__all__ = [
    "Account",
    "Agent",
    "AllowedNumber",
    "Attempt",
    "Brake",
    "Campaign",
    "Mode",
    "Pace",
    "Rehearsal",
    "RehearsedText",
    "Resolution",
    "Revision",
    "SavedMessage",
    "Segment",
    "Send",
    "SendWindow",
    "Trigger",
    "TriggerKey",
    "Unknown",
    "Worker",
    "WorkerShare",
]
