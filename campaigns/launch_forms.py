"""What staff fill in to launch, and to judge."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.models import Rehearsal


class SnapshotChoice(forms.Form):
    """Which snapshot somebody looked at."""

    rehearsal = forms.IntegerField(widget=forms.HiddenInput)

    def snapshot_of(self, campaign: Any) -> Rehearsal | None:
        """It, if it is still there."""
        found: Rehearsal | None = (
            campaign.rehearsals.filter(pk=self.cleaned_data["rehearsal"]).first() if self.is_valid() else None
        )
        return found


class LaunchForm(SnapshotChoice):
    """The snapshot, and for a large one the number of people, typed."""

    count = forms.CharField(required=False)

    def typed(self, people: int) -> bool:
        """Was it this number, with or without commas?"""
        digits = "".join(letter for letter in self.cleaned_data["count"] if letter not in ",. \u00a0\u202f'")
        return digits.isdecimal() and int(digits) == people


class RejectForm(SnapshotChoice):
    """The snapshot, and why not."""

    reason = forms.CharField(
        required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "placeholder": "What should be changed?"})
    )
