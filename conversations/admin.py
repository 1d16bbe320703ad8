"""What staff see of what comes back."""

from conversations.conversation_admin import ConversationAdmin
from conversations.event_admin import WebhookEventAdmin

__all__ = ["ConversationAdmin", "WebhookEventAdmin"]
