"""Revmo's calls, as they came."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Reverse

from campaigns.models import Mode
from conversations.querysets import WebhookEventQuerySet


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
        TEST = "test", "Test"

    event_id = models.CharField("event id", max_length=200)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    signed = models.BooleanField(help_text="Signed events may do everything; those of the URL token are one-way.")
    body = models.BinaryField()
    kind = models.CharField(max_length=16, choices=Kind.choices, blank=True)
    # Of whom it speaks, written down when it is first looked at: only to find it again.
    thread_id = models.CharField("thread", max_length=200, blank=True, default="", db_default="")
    phone = models.CharField("number", max_length=16, blank=True, default="", db_default="")
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
            # One index and not the two of a unique column, since the sender waits for each.
            models.UniqueConstraint(fields=["event_id"], name="an_event_is_stored_once"),
        ]
        indexes = [
            # What is to be applied, in the order in which it is due.
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="events_to_be_applied"),
            # The search among events: by thread, by a number or its last digits.
            models.Index(fields=["thread_id"], condition=~Q(thread_id=""), name="events_by_thread"),
            models.Index(
                OpClass(Reverse("phone"), name="text_pattern_ops"), condition=~Q(phone=""), name="events_by_last_digits"
            ),
        ]
        permissions = [("replay_webhookevent", "Can apply a webhook event again")]

    def __str__(self) -> str:
        return self.get_kind_display() or "Unreadable event"


class RefusedCall(models.Model):
    """How many calls of the webhook were not let in, a minute and reason; nothing else of them is kept."""

    minute = models.DateTimeField()
    reason = models.CharField(max_length=100)
    amount = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-minute", "reason"]
        verbose_name = "refused call"
        constraints = [models.UniqueConstraint(fields=["minute", "reason"], name="refused_calls_are_counted_a_minute")]

    def __str__(self) -> str:
        return f"{self.amount} × {self.reason}"
