"""Who must not be texted."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from contacts.models.phone_field import E164_REGEX, PhoneField
from contacts.querysets import SuppressionQuerySet


class Suppression(models.Model):
    """This number must not be texted, whatever contact it belongs to or whether one exists.

        (none) -> stands -> lifted
           |-----> under review -> stands | lifted

    Under review it forbids texts as well, but what is queued waits instead of ending: a reply may have meant stop,
    and a person decides by `review_by`, the last day on which an opt-out must be honoured. A lifted suppression stays
    as a trace; a number has at most one that is not lifted. Only `contacts.suppressing` writes here, because a
    suppression must reach the queued sends in the same transaction. Times are UTC.
    """

    class Source(models.TextChoices):
        """Who or what said so."""

        REPLY = "reply", "Replied with an opt-out"
        STAFF = "staff", "Noted by staff"
        IMPORT = "import", "Opt-out list"
        PROVIDER = "provider", "Revmo or the carrier said so"

    phone = PhoneField("number")
    source = models.CharField(max_length=16, choices=Source.choices)
    evidence = models.TextField("their words or the reason", blank=True)
    said_at = models.DateTimeField(
        "heard", null=True, blank=True, editable=False, help_text="When their word reached us, where it was a word."
    )
    created_at = models.DateTimeField("since", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    under_review = models.BooleanField(default=False, db_default=False, editable=False)
    doubt = models.TextField("why a person decides", blank=True, editable=False)
    review_by = models.DateField("decide by", null=True, blank=True, editable=False)
    decided_at = models.DateTimeField("confirmed", null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    confirmation_id = models.BigIntegerField(
        null=True, blank=True, editable=False, help_text="The one text that may still go: it confirms the opt-out."
    )
    lifted_at = models.DateTimeField("lifted", null=True, blank=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    lift_reason = models.TextField("why it was lifted", blank=True, editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "opt-out"
        constraints = [
            models.CheckConstraint(condition=Q(phone__regex=E164_REGEX), name="a_suppressed_phone_is_e164"),
            # Also the index that every intent to send reads.
            models.UniqueConstraint(
                fields=["phone"],
                condition=Q(lifted_at__isnull=True),
                name="a_number_has_one_standing_suppression",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | ~Q(lift_reason=""), name="a_lifted_suppression_says_why"
            ),
            models.CheckConstraint(
                condition=Q(under_review=False) | (~Q(doubt="") & Q(review_by__isnull=False)),
                name="a_review_says_why_and_until_when",
            ),
            models.CheckConstraint(
                condition=Q(under_review=False) | Q(lifted_at__isnull=True), name="what_is_lifted_is_not_under_review"
            ),
            models.CheckConstraint(
                condition=Q(under_review=False) | Q(confirmation_id__isnull=True),
                name="only_a_certain_opt_out_is_confirmed",
            ),
        ]
        indexes = [
            # The queue of reviews, the most urgent first, and its badge.
            models.Index(fields=["review_by", "id"], condition=Q(under_review=True), name="opt_outs_to_be_decided")
        ]
        permissions = [
            ("lift_suppression", "Can lift an opt-out, with a reason"),
            ("review_suppression", "Can decide whether a reply meant stop"),
        ]

    def __str__(self) -> str:
        return f"{self.phone}"

    @property
    def refusal(self) -> str:
        """Why no text goes to the number, in a sentence for staff."""
        if self.under_review:
            return "Texts to this number rest until somebody decides whether they meant stop."
        return "This number has opted out."
