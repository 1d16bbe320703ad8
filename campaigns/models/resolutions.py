"""What a person decided about a text that failed or of which nobody can say whether it left."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.sends import Send


class Resolution(models.Model):
    """A decision beside the state, never over it: the state stays what we know.

    One for each send, so of two people who decide at once one comes first. A send that was sent again has a new row
    with the next resend number.
    """

    class Decision(models.TextChoices):
        """What was decided."""

        ASSUMED_SENT = "assumed_sent", "Assumed sent"
        SENT_AGAIN = "sent_again", "Sent again"

    send = models.OneToOneField(Send, on_delete=models.PROTECT, related_name="resolution")
    decision = models.CharField(max_length=16, choices=Decision.choices)
    reason = models.TextField()
    resend = models.OneToOneField(Send, on_delete=models.PROTECT, null=True, related_name="resend_of")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_resolution_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decision="sent_again", resend__isnull=False)
                | Q(decision="assumed_sent", resend__isnull=True),
                name="only_what_was_sent_again_has_a_new_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()}: {self.reason}"


class Unknown(Send):
    """A send as the tray of unknowns shows it."""

    class Meta:
        proxy = True
        verbose_name = "unknown"
