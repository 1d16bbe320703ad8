"""What staff fill in about contacts."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from contacts.models import Contact, ContactList, Suppression
from contacts.phones import InvalidPhone, parse_phone

REGIONS = (
    ("US", "United States"), ("CA", "Canada"), ("GB", "United Kingdom"), ("AU", "Australia"), ("DE", "Germany"),
    ("ES", "Spain"), ("FR", "France"), ("IE", "Ireland"), ("MX", "Mexico"), ("NZ", "New Zealand"),
)  # fmt: skip


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


class UploadForm(forms.Form):
    """A spreadsheet and where its people go."""

    file = forms.FileField(
        label="Spreadsheet",
        widget=UnfoldAdminFileFieldWidget,
        help_text="CSV, Excel (.xlsx) or OpenDocument (.ods), up to 200 MB. Nothing changes before you saw a preview.",
    )
    contact_list = forms.ModelChoiceField(
        ContactList.objects.all(),
        required=False,
        label="Add everybody to",
        widget=UnfoldAdminSelectWidget,
        empty_label="No list",
    )
    new_list = forms.CharField(
        required=False,
        max_length=200,
        label="or to a new list",
        widget=UnfoldAdminTextInputWidget,
        help_text="Its name.",
    )
    region = forms.ChoiceField(
        choices=REGIONS,
        initial="US",
        label="Country",
        widget=UnfoldAdminSelectWidget,
        help_text="For numbers without a country code.",
    )

    def clean_file(self) -> "File[bytes]":
        """Refuse what is too large before it is kept."""
        file: File[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_BYTES:
            raise ValidationError("The file is larger than 200 MB. Split it, or save it as CSV.")
        return file

    def chosen_list(self) -> ContactList | None:
        """The list that was chosen or named; made if it does not exist."""
        name = self.cleaned_data["new_list"].strip()
        if name:
            return ContactList.objects.get_or_create(name=name)[0]
        chosen: ContactList | None = self.cleaned_data["contact_list"]
        return chosen


class LiftForm(forms.Form):
    """Why a number may be texted again."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Their words, and when and how they said it. It stays with the opt-out.",
    )
