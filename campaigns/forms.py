"""What staff fill in about campaigns."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from campaigns import composing
from campaigns.audience import attribute_names
from campaigns.models import Agent, Campaign, Trigger
from contacts.models import ContactList


class NamedValues(forms.CharField):
    """Names and values, a line each, as `name: value`; a dictionary comes out."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """The lines of a dictionary."""
        if isinstance(value, Mapping):
            return "\n".join(f"{name}: {text}" for name, text in value.items())
        return value

    def to_python(self, value: Any) -> Any:
        """The dictionary of the lines; ValidationError names the line that is not one."""
        named: dict[str, str] = {}
        for line in str(value or "").splitlines():
            if not line.strip():
                continue
            name, colon, text = line.partition(":")
            if not colon or not name.strip() or not text.strip():
                raise ValidationError(
                    f"“{line.strip()}” is not a name and a value. Write, for example, city: {{{{ city }}}}"
                )
            named[name.strip()] = text.strip()
        return named

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is meant, not how it is written."""
        try:
            return bool(self.to_python(data) != (initial or {}))
        except ValidationError:
            return True


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A draft: who, what, when."""

    lists = forms.ModelMultipleChoiceField(
        ContactList.objects.all(),
        label="Send to everybody on",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one list."},
    )
    agent = forms.ModelChoiceField(Agent.objects.all(), widget=UnfoldAdminSelectWidget, empty_label=None)
    trigger = forms.ModelChoiceField(
        Trigger.objects.select_related("agent"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="None: the message stands alone",
        help_text="The task that the agent begins with. With a message too, the message is the first text.",
    )
    metadata = NamedValues(
        required=False,
        label="What the agent should know",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "appointment_time: {{ appointment_time }}"}),
        help_text="A name and a value on each line; values may hold merge tags.",
    )
    scheduled_at = forms.SplitDateTimeField(
        required=False,
        label="Not before",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="Empty: as soon as you launch.",
    )
    expires_at = forms.SplitDateTimeField(
        required=False,
        label="Not after",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="What is not sent by then stays unsent.",
    )

    WHO = ("name", "lists")
    WHAT = ("message", "agent", "trigger", "metadata", "agent_enabled")
    WHEN = ("scheduled_at", "expires_at", "any_hour")

    class Meta:
        model = Campaign
        fields = (
            "name",
            "lists",
            "message",
            "agent",
            "trigger",
            "metadata",
            "agent_enabled",
            "scheduled_at",
            "expires_at",
            "any_hour",
        )
        widgets = {
            "name": UnfoldAdminTextInputWidget(attrs={"placeholder": "For you and your colleagues"}),
            "message": UnfoldAdminTextareaWidget(attrs={"rows": 6}),
            "agent_enabled": UnfoldBooleanSwitchWidget,
            "any_hour": UnfoldBooleanSwitchWidget,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["message"].help_text = "Empty: the agent writes the first text from its trigger."
        if self.instance.pk is None:
            self.fields["agent"].initial = Agent.objects.first()

    def who(self) -> list[forms.BoundField]:
        """The fields of the first step."""
        return [self[name] for name in self.WHO]

    def what(self) -> list[forms.BoundField]:
        """The fields of the second step."""
        return [self[name] for name in self.WHAT]

    def when(self) -> list[forms.BoundField]:
        """The fields of the third step."""
        return [self[name] for name in self.WHEN]

    def clean(self) -> dict[str, Any]:
        """Merge tags must be readable and name what the chosen people have; the trigger is one of the agent's."""
        given: dict[str, Any] = super().clean() or {}
        known = {*composing.PERSON_FIELDS, *attribute_names(given.get("lists") or ContactList.objects.none())}
        self._check("message", [given.get("message") or ""], known)
        self._check("metadata", (given.get("metadata") or {}).values(), known)
        trigger, agent = given.get("trigger"), given.get("agent")
        if trigger is not None and agent is not None and trigger.agent_id != agent.pk:
            self.add_error("trigger", f"{agent} does not know this trigger; it belongs to {trigger.agent}.")
        return given

    def _check(self, field: str, sources: Any, known: set[str]) -> None:
        for source in sources:
            try:
                composing.check_names(composing.compile_text(str(source)), known)
            except composing.TemplateProblem as problem:
                self.add_error(field, str(problem))
                return


class RehearsalChoice(forms.Form):
    """Which snapshot a launch means."""

    rehearsal = forms.IntegerField(widget=forms.HiddenInput)
