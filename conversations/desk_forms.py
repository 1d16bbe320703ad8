"""What the forms of a conversation carry."""

from typing import Any

from django import forms

from conversations.answering import NOW, OPENING, Letter
from conversations.keeping import snooze_choices
from conversations.models import StaffSettings


class LetterForm(forms.Form):
    """An answer. The text is judged by `answering`, so that a refusal is a sentence and the text stays."""

    text = forms.CharField(required=False, strip=False, max_length=100_000)
    form_token = forms.UUIDField()
    seen = forms.IntegerField(min_value=0)
    agreed = forms.CharField(required=False, max_length=50)
    when = forms.ChoiceField(choices=[("", ""), (NOW, NOW), (OPENING, OPENING)], required=False)
    hands_back = forms.BooleanField(required=False)

    def letter(self) -> Letter:
        """The cleaned form; browsers send line ends as CR LF."""
        values: dict[str, Any] = self.cleaned_data
        return Letter(**values | {"text": values["text"].replace("\r\n", "\n")})


class SnoozeForm(forms.Form):
    """Until when: one of the usual times, or one of one's own on the reader's clock."""

    usual = forms.CharField(required=False)
    until = forms.DateTimeField(required=False)

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        values: dict[str, Any] = super().clean() or {}
        if (choice := snooze_choices().get(values.get("usual", ""))) is not None:
            values["until"] = choice[1]()
        if not values.get("until"):
            raise forms.ValidationError("Choose a time.")
        return values


class StaffSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """One's own settings."""

    class Meta:
        model = StaffSettings
        fields = ("time_zone", "on_duty")
