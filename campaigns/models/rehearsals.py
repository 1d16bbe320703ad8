"""What would go out, to whom: rendered once, kept, and launched as it stands."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from contacts.models import Contact


class Rehearsal(models.Model):
    """A snapshot of a campaign's texts. `fingerprint` covers all that they were made from; a launch compares it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rehearsals")
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    will_send = models.PositiveIntegerField(default=0)
    held_back = models.PositiveIntegerField(default=0)
    segments = models.PositiveIntegerField(default=0, help_text="Parts that carriers charge for, in total.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"rehearsal of {self.campaign}"


class RehearsedText(models.Model):
    """What one person would get, or why they would not."""

    class Outcome(models.TextChoices):
        """Goes out, or is held back and why."""

        WILL_SEND = "will_send", "Will be sent"
        OPTED_OUT = "opted_out", "Opted out"
        CANNOT_RECEIVE = "cannot_receive", "Number cannot receive texts"
        BLANK_VALUE = "blank_value", "A merge tag would stay blank"
        TOO_LONG = "too_long", "Text too long"
        MISSING_DETAIL = "missing_detail", "The agent would not know something it needs"
        WRONG_DETAIL = "wrong_detail", "The agent would be told something wrong"
        NO_HOUR = "no_hour", "No lawful hour"
        TOO_LATE = "too_late", "After the campaign's end"

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="texts", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    reason = models.TextField(blank=True)
    text = models.TextField(blank=True)
    metadata = models.JSONField(default=dict)
    segments = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    window_ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            # One text a number, whichever lists it is on. Also the index by which a snapshot is read.
            models.UniqueConstraint(fields=["rehearsal", "phone"], name="a_rehearsal_has_a_number_once"),
            models.CheckConstraint(condition=Q(outcome="will_send") | ~Q(reason=""), name="a_text_held_back_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.phone}: {self.get_outcome_display()}"
