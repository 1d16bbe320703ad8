"""What would go out, to whom: rendered once, kept, and launched as it stands."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.models.campaigns import Campaign
from contacts.models import Contact


class Rehearsal(models.Model):
    """A snapshot of a campaign's texts: everybody's text, time and reason, as of `created_at`.

        working -> done | failed | canceled

    `facts` names all that the texts were made from (`campaigns.fingerprints`), and `fingerprint` is their hash; a
    launch compares it. `through` is the last contact of the audience that is written down, so whoever comes after a
    dead worker goes on there. A verdict is a second person's, on this very snapshot. Times are UTC.
    """

    class Status(models.TextChoices):
        """How far it has come."""

        WORKING = "working", "Being rehearsed"
        DONE = "done", "Rehearsed"
        FAILED = "failed", "Could not be rehearsed"
        CANCELED = "canceled", "Canceled"

    class Verdict(models.TextChoices):
        """What a second person said."""

        NONE = "", "Not judged"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rehearsals")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WORKING, db_default="done")
    fingerprint = models.CharField(max_length=64)
    facts = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    total = models.PositiveIntegerField(default=0, db_default=0, help_text="People in the audience when it began.")
    through = models.BigIntegerField(default=0, db_default=0)
    touched_at = models.DateTimeField(default=timezone.now, db_default=Now())
    finished_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, db_default="")
    will_send = models.PositiveIntegerField(default=0)
    held_back = models.PositiveIntegerField(default=0)
    segments = models.PositiveIntegerField(default=0, help_text="Parts that carriers charge for, in total.")
    summary = models.JSONField(default=dict, db_default={}, help_text="What `campaigns.summaries` adds up.")
    verdict = models.CharField(max_length=16, choices=Verdict.choices, blank=True, db_default="")
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)
    judgement = models.TextField("reason", blank=True, db_default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(problem=""), name="a_rehearsal_that_failed_says_why"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", judged_at__isnull=True) | (~Q(verdict="") & Q(judged_at__isnull=False)),
                name="a_verdict_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(verdict="rejected") | ~Q(judgement=""), name="a_rejection_says_why"),
            models.CheckConstraint(condition=Q(verdict="") | Q(status="done"), name="only_a_whole_rehearsal_is_judged"),
        ]
        indexes = [
            # Whoever looks for rehearsals whose worker died.
            models.Index(fields=["touched_at"], condition=Q(status="working"), name="rehearsals_under_way")
        ]

    def __str__(self) -> str:
        return f"rehearsal of {self.campaign}"

    @property
    def done(self) -> int:
        """People who are written down."""
        return self.will_send + self.held_back


class RehearsedText(models.Model):
    """What one person would get, or why they would not."""

    class Outcome(models.TextChoices):
        """Goes out, or is held back and why."""

        WILL_SEND = "will_send", "Will be sent"
        OPTED_OUT = "opted_out", "Opted out"
        AT_REST = "at_rest", "Texts rest: somebody must decide"
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
        verbose_name = "rehearsed text"
        constraints = [
            # One text a number, whichever lists it is on. Also the index by which a snapshot is read.
            models.UniqueConstraint(fields=["rehearsal", "phone"], name="a_rehearsal_has_a_number_once"),
            models.CheckConstraint(condition=Q(outcome="will_send") | ~Q(reason=""), name="a_text_held_back_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.phone}: {self.get_outcome_display()}"
