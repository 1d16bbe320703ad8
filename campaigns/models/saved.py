"""What staff keep for the next time: messages to start from, and phones that tests may go to."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

from campaigns.composing import TemplateProblem, compile_text
from campaigns.models.campaigns import MAX_TEXT_LENGTH
from contacts.models import E164_REGEX, PhoneField


class SavedMessage(models.Model):
    """A message with its merge tags, to start a campaign from."""

    name = models.CharField(max_length=100, unique=True)
    text = models.TextField(validators=[MaxLengthValidator(MAX_TEXT_LENGTH)])
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    updated_at = models.DateTimeField("changed", auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="a_saved_message_says_something")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Its merge tags must be readable; which fields there are is asked when it is used."""
        try:
            compile_text(self.text)
        except TemplateProblem as problem:
            raise ValidationError({"text": str(problem)}) from problem


class AllowedNumber(models.Model):
    """A phone that tests may go to, also in live mode: a colleague's, not a customer's."""

    phone = PhoneField("number", unique=True)
    name = models.CharField(max_length=100, help_text="Whose phone it is.")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    added_at = models.DateTimeField("added", auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "test number"
        constraints = [models.CheckConstraint(condition=Q(phone__regex=E164_REGEX), name="a_test_number_is_e164")]

    def __str__(self) -> str:
        return self.name
