"""Every call that was made for a text, and what it came to."""

from django.db import models
from django.db.models import IntegerField, Value
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThanOrEqual

from campaigns.models.sends import Send


class Attempt(models.Model):
    """One call to Revmo for one send: a log that grows with the result, in the same statement.

    `number` counts from 1. `started_at` is when the intent was committed, by the database's clock; the socket opened
    within a second of it. `latency_ms` is from the first byte to the last, null where the worker died and nobody knows.
    """

    class Outcome(models.TextChoices):
        """What the outcome table made of the answer."""

        ACCEPTED = "accepted", "Revmo said yes"
        RETRY = "retry", "Not sent, tried again"
        HALT = "halt", "Not sent, the account was stopped"
        FAILED = "failed", "Revmo refused it"
        UNKNOWN = "unknown", "Unknown"

    pk = models.CompositePrimaryKey("send_id", "number")
    # Written by the statement that has just changed the send, so a check for every row would tell nothing new.
    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="calls", db_constraint=False, db_index=False)
    number = models.SmallIntegerField()
    started_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    http_status = models.SmallIntegerField(null=True)
    latency_ms = models.IntegerField(null=True)
    evidence = models.TextField(blank=True)

    class Meta:
        ordering = ["send_id", "number"]
        constraints = [
            # One for all, as with the send.
            models.CheckConstraint(
                condition=GreaterThanOrEqual(
                    Least("number", "http_status", "latency_ms", output_field=IntegerField()), Value(0)
                ),
                name="what_an_attempt_counts_is_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="accepted") | ~models.Q(evidence=""),
                name="an_attempt_that_was_not_accepted_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} (attempt {self.number})"
