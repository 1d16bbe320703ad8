"""All that was said with one person through one agent, and who looks after it."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from campaigns.models import Agent, Mode, Send
from contacts.models import Contact
from conversations.models.events import WebhookEvent
from conversations.querysets import ConversationQuerySet


class Conversation(models.Model):
    """All that was said with one contact through one agent in one mode, over all threads.

    It is **open** while it needs a human, is unread, or somebody has it (`holder`); `Contact.conversation_open` says so
    one package lower, in the same transaction. Taking over sends nothing: `taken_over_at` is when staff said that they
    answer from here on. `agent_enabled` is what Revmo told us in an `sms.agent` event about `agent_thread_id`, and
    nothing before one came. While `snoozed_until` lies ahead it stays out of the way; a new text wakes it.

    `said` counts the texts that came in or that staff wrote: who answers has seen a certain number. A database trigger
    moves `revision` with every change of the row, so that an open page sees in one look that something is new.
    Times are UTC.
    """

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    needs_human_since = models.DateTimeField("needs a human", null=True, blank=True)
    handoff_reason = models.TextField(blank=True)
    handed_over_at = models.DateTimeField("handed over", null=True, blank=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="conversations",
        db_index=False,
    )
    held_since = models.DateTimeField(null=True, blank=True)
    taken_over_at = models.DateTimeField("taken over", null=True, blank=True)
    agent_enabled = models.BooleanField(null=True, blank=True)
    agent_enabled_at = models.DateTimeField(null=True, blank=True)
    agent_thread_id = models.CharField(max_length=200, blank=True, db_default="")
    unread = models.BooleanField(default=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    said = models.PositiveIntegerField(default=0, db_default=0)
    revision = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    last_message_at = models.DateTimeField("last text", null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    # There after `with_stop`.
    is_suppressed: bool
    # There after `with_facts`.
    is_opted_out: bool
    last_text: str | None
    last_author: str | None
    last_said_at: datetime | None
    last_reply: str | None
    last_reply_at: datetime | None
    # As the admin read it: what an open page compares.
    version: str

    class Meta:
        ordering = ["-last_message_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "agent", "mode"], name="a_contact_has_one_conversation_with_an_agent"
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="a_conversation_has_one_of_two_modes"),
            models.CheckConstraint(
                condition=Q(holder__isnull=True) | Q(held_since__isnull=False),
                name="who_has_a_conversation_has_it_since_a_time",
            ),
        ]
        indexes = [
            # The inbox, newest first; also counts all of a mode.
            models.Index(
                F("mode"), F("last_message_at").desc(nulls_last=True), F("id").desc(), name="conversations_by_last_text"
            ),
            # The rail's badge and the inbox's first tab.
            models.Index(
                fields=["needs_human_since"],
                condition=Q(needs_human_since__isnull=False),
                name="conversations_for_a_human",
            ),
            # The inbox's tabs: what nobody has read, what somebody has, what sleeps.
            models.Index(
                F("last_message_at").desc(nulls_last=True),
                F("id").desc(),
                condition=Q(unread=True),
                name="conversations_not_read",
            ),
            models.Index(fields=["holder"], condition=Q(holder__isnull=False), name="conversations_somebody_has"),
            models.Index(
                fields=["snoozed_until"], condition=Q(snoozed_until__isnull=False), name="conversations_that_sleep"
            ),
        ]
        permissions = [
            ("reply_conversation", "Can answer people with a text"),
            ("takeover_conversation", "Can take a conversation over from the agent and hand it back"),
            ("assign_conversation", "Can give a conversation to a colleague"),
        ]

    def __str__(self) -> str:
        return str(self.contact)

    @property
    def is_open(self) -> bool:
        """Is anything left to do for a person?"""
        return self.needs_human_since is not None or self.unread or self.holder_id is not None


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
