"""What staff fill in about contacts."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from contacts.models import Contact, Suppression
from contacts.phones import InvalidPhone, parse_phone

# The clocks of most people of this product's customers, from east to west.
NEAR_ZONES = (
    "America/Halifax",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)


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


def zones_to_choose() -> list[tuple[str, str]]:
    """Every IANA zone by its name, those of the US and Canada first."""
    others = sorted(available_timezones() - set(NEAR_ZONES))
    zones = [(zone, zone.replace("_", " ")) for zone in (*NEAR_ZONES, *others)]
    return [("", "Not known: judged from the number"), *zones]


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A contact, by hand."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        choices=zones_to_choose,
        widget=UnfoldAdminSelectWidget,
        help_text="Where they live. Without it every zone that the number may stand for counts, the strictest of all.",
    )
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
        stands = Suppression.objects.standing().filter(phone=phone).first()
        if stands is not None and stands.under_review:
            raise ValidationError("A reply from this number waits for your decision already. Decide it there.")
        if stands is not None:
            raise ValidationError("This number has opted out already; no text goes there.")
        return phone


class LiftForm(forms.Form):
    """Why a number may be texted again."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Their words, and when and how they said it. It stays with the opt-out.",
    )
