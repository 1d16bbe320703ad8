"""The third step of a draft: when people get it."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldBooleanSwitchWidget,
)

MINUTES = 60
CLOCKS = [("", "where the business is"), ("1", "where each person is")]


class WhenForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """The times of a campaign. `may_lift_hours`: may this person have it text at any hour?"""

    scheduled_at = forms.SplitDateTimeField(
        required=False,
        label="Not before",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="Empty: as soon as you launch.",
    )
    each_own_clock = forms.TypedChoiceField(
        required=False,
        label="On the clock",
        choices=CLOCKS,
        coerce=bool,
        widget=UnfoldAdminSelectWidget,
    )
    spread_hours = forms.DecimalField(
        required=False,
        label="Spread evenly over",
        min_value=0.1,
        max_value=168,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"min": 0, "step": "any", "placeholder": "hours"}),
        help_text="Hours, so that replies do not come all at once. Empty: as fast as the account may.",
    )
    expires_at = forms.SplitDateTimeField(
        required=False,
        label="Not after",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="What is not sent by then stays unsent.",
    )
    any_hour = forms.BooleanField(required=False, label="At any hour", widget=UnfoldBooleanSwitchWidget)

    WHEN = ("scheduled_at", "each_own_clock", "spread_hours", "expires_at", "any_hour")
    WHEN_OF_MODEL = ("scheduled_at", "each_own_clock", "expires_at", "any_hour")

    def __init__(self, *args: Any, may_lift_hours: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["each_own_clock"] = "1" if self.instance.each_own_clock else ""
        if minutes := self.instance.spread_minutes:
            self.initial["spread_hours"] = f"{minutes / MINUTES:g}"
        # Disabled, a field keeps what somebody who may has chosen, whatever is posted.
        self.fields["any_hour"].disabled = not may_lift_hours
        if not may_lift_hours:
            self.fields["any_hour"].help_text = "You may not change this; ask somebody who may lift the send windows."

    def when(self) -> list[forms.BoundField]:
        """The fields of the third step."""
        return [self[name] for name in self.WHEN]

    def clean(self) -> dict[str, Any]:
        """Times in their order, and a time where everybody's own clock counts."""
        given: dict[str, Any] = super().clean() or {}
        given["each_own_clock"] = bool(given.get("each_own_clock"))
        hours = given.get("spread_hours")
        self.instance.spread_minutes = round(hours * MINUTES) if hours else None
        begin, end = given.get("scheduled_at"), given.get("expires_at")
        if given.get("each_own_clock") and begin is None and "scheduled_at" not in self.errors:
            self.add_error("scheduled_at", "Say from which hour on, on each person's own clock.")
        if begin is not None and end is not None and end <= begin:
            self.add_error("expires_at", "The last minute must come after the first.")
        return given
