"""What staff do in a conversation: answers, notes, who is writing; and what happened beside the texts."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from campaigns.composing import TemplateProblem, compile_text
from campaigns.models import Send
from campaigns.models.campaigns import MAX_TEXT_LENGTH
from conversations.models.conversations import Conversation
from conversations.models.events import WebhookEvent


def validate_saved_text(text: str) -> None:
    """Refuse merge tags that cannot be read."""
    try:
        compile_text(text)
    except TemplateProblem as problem:
        raise ValidationError(str(problem)) from problem


class Entry(models.Model):
    """One line between the texts: a note of staff, or what happened. Never sent to anybody."""

    class Kind(models.TextChoices):
        """What it tells."""

        NOTE = "note", "Note"
        TAKEN_OVER = "taken_over", "Taken over"
        ASSIGNED = "assigned", "Assigned"
        RELEASED = "released", "Released"
        HANDED_BACK = "handed_back", "Handed back"
        DONE = "done", "Done"
        SNOOZED = "snoozed", "Snoozed"
        HANDED_OVER = "handed_over", "Handed over by the agent"
        AGENT_ON = "agent_on", "Agent switched on"
        AGENT_OFF = "agent_off", "Agent switched off"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="entries", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    text = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # One to one, so that a hand-over that comes twice is told, and mailed, once.
    event = models.OneToOneField(WebhookEvent, on_delete=models.SET_NULL, null=True, related_name="entry")
    at = models.DateTimeField("time")

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "entries"
        constraints = [models.CheckConstraint(condition=~Q(kind="note") | ~Q(text=""), name="a_note_says_something")]
        indexes = [
            # The conversation page reads them in order, between the texts.
            models.Index(fields=["conversation", "at", "id"], name="entries_of_a_conversation")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text[:60]}"


class Reply(models.Model):
    """Which of staff wrote a text, and where; the text itself is its Send."""

    send = models.OneToOneField(Send, on_delete=models.PROTECT, related_name="reply")
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="replies", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    hands_back = models.BooleanField(default=False)
    at = models.DateTimeField("written")
    # Whether its end has been looked at: a reply that did not arrive comes back before a person.
    end_seen = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        verbose_name_plural = "replies"
        indexes = [
            # What staff wrote last, for the list and for texts that wait for their hour.
            models.Index(fields=["conversation", "at", "id"], name="replies_of_a_conversation"),
            # Whoever looks for ends: those of the last days, since all others have been looked at.
            models.Index(fields=["at"], condition=Q(end_seen=False), name="replies_whose_end_is_open"),
        ]

    def __str__(self) -> str:
        return f"Reply {self.send}"


class SavedReply(models.Model):
    """A text that staff often need, with merge tags."""

    name = models.CharField(max_length=100, unique=True, help_text="How your colleagues find it.")
    body = models.TextField(
        "text",
        max_length=MAX_TEXT_LENGTH,
        validators=[validate_saved_text],
        help_text='Merge tags such as {{ first_name | default: "there" }} are filled in for every person.',
    )

    class Meta:
        ordering = ["name"]
        verbose_name = "saved reply"
        verbose_name_plural = "saved replies"

    def __str__(self) -> str:
        return self.name


class Writing(models.Model):
    """Somebody has typed in a conversation at `at`; it means something for a few seconds only."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="writers", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "writer"
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="a_writer_writes_once_in_a_conversation")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.conversation}"


class HandOverMail(models.Model):
    """The one e-mail about a hand-over. The row is committed before the mail leaves, so there is never a second."""

    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="mail")
    at = models.DateTimeField(auto_now_add=True)
    recipients = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)

    class Meta:
        verbose_name = "hand-over e-mail"

    def __str__(self) -> str:
        return f"E-mail about {self.entry}"
