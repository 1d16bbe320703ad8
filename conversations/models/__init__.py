"""What comes back, and what staff do about it."""

from conversations.models.conversations import Conversation, Message
from conversations.models.desk import Entry, HandOverMail, Reply, SavedReply, Writing
from conversations.models.events import RefusedCall, WebhookEvent
from conversations.models.staff import StaffSettings, name_of

__all__ = [
    "Conversation",
    "Entry",
    "HandOverMail",
    "Message",
    "RefusedCall",
    "Reply",
    "SavedReply",
    "StaffSettings",
    "WebhookEvent",
    "Writing",
    "name_of",
]
