"""What each of staff has settled for themselves."""

from typing import Any

from django.conf import settings
from django.db import models

from campaigns.models.accounts import validate_time_zone


class StaffSettings(models.Model):
    """One person's own settings; without a row everything is as the account has it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_settings")
    time_zone = models.CharField(
        "your time zone",
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text="For example America/Chicago, for the inbox. Empty: the one of the computer that you sit at.",
    )
    on_duty = models.BooleanField(
        "on duty",
        default=False,
        help_text="Get an e-mail when the agent asks for a human.",
    )

    class Meta:
        verbose_name = "own settings"
        verbose_name_plural = "own settings"

    def __str__(self) -> str:
        return f"Settings of {name_of(self.user)}"

    @staticmethod
    def cache_key(user: int) -> str:
        """Under which the zone is remembered from request to request."""
        return f"staff.time_zone.{user}"


def name_of(user: Any) -> str:
    """How colleagues call this person; for somebody whose account is gone, that."""
    if user is None:
        return "Somebody who has left"
    return str(user.get_full_name() or user.get_username())
