"""What staff see of what comes back."""

from conversations.conversation_admin import ConversationAdmin
from conversations.event_admin import WebhookEventAdmin
from conversations.staff_admin import SavedReplyAdmin, StaffSettingsAdmin

__all__ = ["ConversationAdmin", "SavedReplyAdmin", "StaffSettingsAdmin", "WebhookEventAdmin"]
