"""Who must not be texted."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from contacts.models.phone_field import E164_REGEX, PhoneField
from contacts.querysets import SuppressionQuerySet


class Suppression(models.Model):
    """This number must not be texted, whatever contact it belongs to or whether one exists.

    A lifted suppression stays as a trace; a number has at most one that stands. Only `contacts.suppressing` writes
    here, because a suppression must reach the queued sends in the same transaction.
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
    created_at = models.DateTimeField("since", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
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
        ]
        permissions = [("lift_suppression", "Can lift an opt-out, with a reason")]

    def __str__(self) -> str:
        return f"{self.phone}"
