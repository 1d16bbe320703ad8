"""The second step of the draft's form: the words, the trigger, and where each of its keys comes from."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from campaigns import composing
from campaigns.audience import known_fields
from campaigns.form_fields import NamedValues
from campaigns.mapping import KeyMapping
from campaigns.models import Agent, Campaign, Trigger
from contacts.keys import key_of
from contacts.models import Contact


class WhatForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """The fields of the words and the trigger, and the rows of its keys, which belong to no field."""

    agent = forms.ModelChoiceField(Agent.objects.all(), widget=UnfoldAdminSelectWidget, empty_label=None)
    trigger = forms.ModelChoiceField(
        Trigger.objects.select_related("agent"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="None: the message stands alone",
    )
    metadata = NamedValues(
        required=False,
        label="Anything else the agent should know",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "appointment_time: {{ appointment_time }}"}),
        help_text="A name and a value on each line; values may hold merge tags.",
    )

    def map_keys(self) -> None:
        """Make the rows of the trigger that is chosen; what has a row leaves the free lines."""
        self.mapping = KeyMapping(self._chosen_trigger(), self.instance.metadata, self.data if self.is_bound else None)
        kept = self.instance.metadata.items()
        self.initial["metadata"] = {key: source for key, source in kept if key not in self.mapping.keys}

    def clean_message(self) -> str:
        """One character for a new line: browsers post two, and each would cost."""
        message: str = self.cleaned_data["message"]
        return message.replace("\r\n", "\n")

    def check_what(self, given: dict[str, Any], people: QuerySet[Contact]) -> None:
        """Merge tags must name what the people have; the agent must know the trigger; words must be of their kind."""
        self._check_names("message", [given.get("message")], people)
        free = given.get("metadata") or {}
        given["metadata"] = {**free, **self.mapping.sources()}
        self._check_names("metadata", list(given["metadata"].values()), people)
        trigger, agent = given.get("trigger"), given.get("agent")
        if trigger is not None and agent is not None and trigger.agent_id != agent.pk:
            self.add_error("trigger", f"{agent} does not know this trigger; it belongs to {trigger.agent}.")
        if self.mapping.is_wrong(agent.account.region if agent is not None else "US"):
            self.add_error(None, "What the agent should know is not right yet; see the notes there.")

    def draft(self) -> Campaign | None:
        """The campaign as it stands in the form, unsaved; nothing before an agent is chosen."""
        given = self.cleaned_data
        if given.get("agent") is None:
            return None
        trigger = given.get("trigger")
        return Campaign(
            agent=given["agent"],
            message=str(self.data.get("message", "")).replace("\r\n", "\n"),
            trigger=trigger,
            metadata={**(given.get("metadata") or {}), **self.mapping.sources()},
            agent_enabled=bool(given.get("agent_enabled")),
        )

    def _chosen_trigger(self) -> Trigger | None:
        if not self.is_bound:
            saved: Trigger | None = self.instance.trigger
            return saved
        return Trigger.objects.filter(pk=key_of(self.data.get("trigger"))).first()

    def _check_names(self, field: str, sources: list[Any], people: QuerySet[Contact]) -> None:
        try:
            for source in sources:
                compiled = composing.compile_text(source if isinstance(source, str) else "")
                composing.check_names(compiled, known_fields(people, compiled.names))
        except composing.TemplateProblem as problem:
            self.add_error(field, str(problem))
