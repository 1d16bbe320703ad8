"""What comes back."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.models import Agent, Mode, Send
from contacts.models import Contact
from conversations.querysets import ConversationQuerySet, WebhookEventQuerySet


class WebhookEvent(models.Model):
    """One call of Revmo, stored as it came before it is answered, then applied once.

        waiting -> applied
           |-----> unmatched (a thread or number that we do not know; kept, shown, tried again for a day)
           |-----> unreadable (authentic, but not understood; can be replayed)
           \\-----> set_aside (five tries failed)

    It belongs to the mode of the process that took it in (promise 7). `due_at` says when it is tried next;
    without one it is not tried again unless somebody replays it. Times are UTC.
    """

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "Waiting"
        APPLIED = "applied", "Applied"
        UNMATCHED = "unmatched", "Not matched yet"
        UNREADABLE = "unreadable", "Not understood"
        SET_ASIDE = "set_aside", "Set aside"

    class Kind(models.TextChoices):
        """What it tells us; empty where that could not be read."""

        RECEIPT = "receipt", "Delivery receipt"
        TEXT = "text", "Text"
        HANDOFF = "handoff", "Asks for a human"
        AGENT = "agent", "Agent switched"

    event_id = models.CharField("event id", max_length=200, unique=True)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    signed = models.BooleanField(help_text="Signed events may do everything; those of the URL token are one-way.")
    body = models.BinaryField()
    kind = models.CharField(max_length=16, choices=Kind.choices, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    note = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Tries that ended in an error.")
    due_at = models.DateTimeField("tried next", null=True, db_default=Now())
    received_at = models.DateTimeField("received", auto_now_add=True)
    applied_at = models.DateTimeField("applied", null=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "webhook event"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False)
                | Q(state="unmatched")
                | (~Q(state__in=["waiting", "unmatched"]) & Q(due_at__isnull=True)),
                name="an_event_that_waits_is_tried_again",
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="an_event_has_one_of_two_modes"),
        ]
        indexes = [
            # What is to be applied, in the order in which it is due.
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="events_to_be_applied")
        ]
        permissions = [("replay_webhookevent", "Can apply a webhook event again")]

    def __str__(self) -> str:
        return self.get_kind_display() or "Unreadable event"


class Conversation(models.Model):
    """All that was said with one contact through one agent in one mode, over all threads.

    `agent_enabled` is what Revmo told us in an `sms.agent` event, and nothing before one came.
    """

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    needs_human_since = models.DateTimeField("needs a human", null=True, blank=True)
    handoff_reason = models.TextField(blank=True)
    agent_enabled = models.BooleanField(null=True, blank=True)
    agent_enabled_at = models.DateTimeField(null=True, blank=True)
    unread = models.BooleanField(default=False)
    last_message_at = models.DateTimeField("last text", null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-last_message_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "agent", "mode"], name="a_contact_has_one_conversation_with_an_agent"
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="a_conversation_has_one_of_two_modes"),
        ]
        indexes = [
            # The inbox, newest first.
            models.Index(fields=["-last_message_at"], name="conversations_by_last_text"),
            # The rail's badge and the inbox's first tab.
            models.Index(
                fields=["needs_human_since"],
                condition=Q(needs_human_since__isnull=False),
                name="conversations_for_a_human",
            ),
        ]

    def __str__(self) -> str:
        return str(self.contact)


class Message(models.Model):
    """One text of a conversation that came, or that went after ours; an echo of ours folds into its Send."""

    class Author(models.TextChoices):
        """Who wrote it."""

        CONTACT = "contact", "Contact"
        AGENT = "agent", "Agent"
        HUMAN = "human", "Staff, at Revmo"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    author = models.CharField(max_length=16, choices=Author.choices)
    body = models.TextField()
    thread_id = models.CharField(max_length=200, blank=True)
    message_id = models.CharField(max_length=200, blank=True)
    # Which of our texts it answers.
    send = models.ForeignKey(Send, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    # One to one, so that an event that is replayed does not tell its text twice where Revmo names no id.
    event = models.OneToOneField(WebhookEvent, on_delete=models.SET_NULL, null=True, blank=True, related_name="message")
    at = models.DateTimeField("time")

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "message_id"],
                condition=~Q(message_id=""),
                name="a_message_is_stored_once",
            )
        ]
        indexes = [
            # The conversation page reads its texts in order.
            models.Index(fields=["conversation", "at", "id"], name="messages_of_a_conversation")
        ]

    def __str__(self) -> str:
        return self.body[:60]
