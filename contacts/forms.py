"""What staff fill in about contacts."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from contacts.models import Contact, Suppression
from contacts.phones import InvalidPhone, parse_phone


class PhoneFormField(forms.CharField):
    """A number as people write it; E.164 comes out."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> str:
        """The number, or the reason in words."""
        text = super().clean(value)
        try:
            return parse_phone(text, "US").e164
        except InvalidPhone as problem:
            raise ValidationError(str(problem)) from problem


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A contact, by hand."""

    phone = PhoneFormField(label="Number", help_text="As you would dial it; without a country code it is a US number.")

    class Meta:
        model = Contact
        fields = (
            "first_name",
            "last_name",
            "phone",
            "email",
            "company",
            "time_zone",
            "consent_source",
            "consent_at",
            "consent_text",
        )


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A number that must not be texted."""

    phone = PhoneFormField(label="Number")

    class Meta:
        model = Suppression
        fields = ("phone", "evidence")

    def clean_phone(self) -> str:
        """Refuse a number that rests already."""
        phone: str = self.cleaned_data["phone"]
        if Suppression.objects.standing().filter(phone=phone).exists():
            raise ValidationError("This number has opted out already; no text goes there.")
        return phone


class LiftForm(forms.Form):
    """Why a number may be texted again."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Their words, and when and how they said it. It stays with the opt-out.",
    )
