"""What a trigger needs to know of a person before its task can begin."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from campaigns.composing.values import WrongValue, typed
from campaigns.models.accounts import Trigger

KEY_REGEX = r"^[A-Za-z_][A-Za-z0-9_.-]*$"


class TriggerKey(models.Model):
    """One value that the agent is told under a trigger; a campaign says for each where it comes from."""

    class Kind(models.TextChoices):
        """How the value must be written, and how it travels: JSON true or false, a JSON number, else text."""

        TEXT = "text", "Text"
        MOMENT = "moment", "Date and time"  # ISO 8601 with its zone
        NUMBER = "number", "Number"
        PHONE = "phone", "Phone number"  # travels as E.164
        YESNO = "yesno", "Yes or no"

    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="keys", db_index=False)
    key = models.CharField(
        max_length=60,
        validators=[RegexValidator(KEY_REGEX, "Letters, digits, _ . and - without blanks; a letter or _ first.")],
        help_text="Exactly as the agent's task at Revmo calls it, for example appointment_time.",
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    required = models.BooleanField(default=True, help_text="Without it a person is held back.")
    description = models.CharField(max_length=300, blank=True, help_text="What it means, for your colleagues.")
    example = models.CharField(max_length=200, blank=True)
    default = models.CharField(max_length=200, blank=True, help_text="Sent where a person has no value.")

    class Meta:
        ordering = ["id"]
        verbose_name = "value that the agent needs"
        verbose_name_plural = "what the agent needs to know"
        constraints = [
            # Also the index by which a trigger's keys are read.
            models.UniqueConstraint(
                fields=["trigger", "key"],
                name="a_trigger_names_a_key_once",
                violation_error_message="This trigger has that key already.",
            ),
            models.CheckConstraint(condition=Q(key__regex=KEY_REGEX), name="a_triggers_key_is_one_word"),
            models.CheckConstraint(
                condition=Q(kind__in=["text", "moment", "number", "phone", "yesno"]), name="a_triggers_key_has_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        """Example and default must be what they stand for; our own reference travels under a key of its own."""
        if self.key and self.key == settings.REVMO_REFERENCE_KEY:
            raise ValidationError({"key": "This key carries our own reference. Choose another."})
        for name in ("example", "default"):
            value = getattr(self, name)
            try:
                if value:
                    typed(self.kind, value)
            except WrongValue as problem:
                raise ValidationError({name: str(problem)}) from problem
