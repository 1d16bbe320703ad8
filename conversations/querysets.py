"""Questions about what came back, as sentences."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from campaigns.models import Mode
from contacts.models import Suppression

if TYPE_CHECKING:
    from conversations.models import Conversation, WebhookEvent
else:
    Conversation = WebhookEvent = Any


_OPTED_OUT = Exists(Suppression.objects.standing().filter(phone=OuterRef("contact__phone")))


class WebhookEventQuerySet(QuerySet["WebhookEvent"]):
    def due(self, mode: Mode) -> Self:
        """Those to be applied now, oldest first."""
        return self.filter(mode=mode, due_at__lte=Now()).order_by("due_at", "id")


class ConversationQuerySet(QuerySet["Conversation"]):
    def in_mode(self, mode: Mode) -> Self:
        """Those of one world (promise 7)."""
        return self.filter(mode=mode)

    def need_a_human(self) -> Self:
        """Those that wait for a person: an agent asked for one, or a text wants judgement."""
        return self.filter(needs_human_since__isnull=False)

    def to_look_at(self) -> Self:
        """Those with anything that nobody has dealt with yet."""
        return self.filter(Q(needs_human_since__isnull=False) | Q(unread=True))

    def with_last_text(self) -> Self:
        """Each with `last_text` and `last_author`, read off its newest message."""
        from conversations.models import Message

        newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-at", "-id")
        return self.annotate(
            last_text=Subquery(newest.values("body")[:1]), last_author=Subquery(newest.values("author")[:1])
        )

    def with_suppression(self) -> Self:
        """Each with `is_opted_out`: does a suppression of the contact's number stand?"""
        return self.annotate(is_opted_out=_OPTED_OUT)

    def opted_out(self) -> Self:
        """Those whose contact must not be texted."""
        return self.filter(_OPTED_OUT)
