"""What staff fill in about campaigns."""

from collections.abc import Collection
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from campaigns import revising
from campaigns.audience import chosen, clock_of
from campaigns.choices import MANY, Choice
from campaigns.form_fields import People
from campaigns.glimpsing import Glimpse
from campaigns.models import Account, Agent, Campaign, Mode, Segment
from campaigns.revising import Outrun
from campaigns.segmenting import Clock, QuestionProblem
from campaigns.what_form import WhatForm
from campaigns.when_form import WhenForm
from contacts.models import ContactList

HOURS = {"hours": 1, "days": 24}
PEOPLE = {"rows": 3, "placeholder": "A name or number on each line"}
# Of the campaigns that went out, so many stand to choose from.
RECENT = 30


class CampaignForm(WhatForm, WhenForm):
    """A draft: who, what, when."""

    lists = forms.ModelMultipleChoiceField(
        ContactList.objects.all(),
        label="Send to everybody on",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    segments = forms.ModelMultipleChoiceField(
        Segment.objects.all(), label="and everybody in", required=False, widget=forms.CheckboxSelectMultiple
    )
    people = People(required=False, label="and these people", widget=UnfoldAdminTextareaWidget(attrs=PEOPLE))
    excluded_lists = forms.ModelMultipleChoiceField(
        ContactList.objects.all(), label="Nobody on", required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded_segments = forms.ModelMultipleChoiceField(
        Segment.objects.all(), label="Nobody in", required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded_people = People(
        required=False, label="None of these people", widget=UnfoldAdminTextareaWidget(attrs=PEOPLE)
    )
    excluded_recipients = forms.ModelMultipleChoiceField(
        Campaign.objects.none(), label="Nobody who got", required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded_silent = forms.ModelMultipleChoiceField(
        Campaign.objects.none(),
        label="Nobody who got and did not reply to",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    rest_amount = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=10_000,
        label="Nobody who had a text in the last",
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": 1}),
    )
    rest_unit = forms.ChoiceField(
        required=False,
        label="Hours or days",
        choices=[("hours", "hours"), ("days", "days")],
        widget=UnfoldAdminSelectWidget,
    )
    WHO = ("name", "lists", "segments")
    BUT = (
        "excluded_lists",
        "excluded_segments",
        "excluded_people",
        "rest_amount",
        "rest_unit",
        "skip_open_conversations",
        "excluded_recipients",
        "excluded_silent",
    )

    class Meta:
        model = Campaign
        fields = (
            "name",
            *MANY,
            "skip_open_conversations",
            "message",
            "agent",
            "trigger",
            "metadata",
            "agent_enabled",
            *WhenForm.WHEN_OF_MODEL,
        )
        widgets = {
            "name": UnfoldAdminTextInputWidget(attrs={"placeholder": "For you and your colleagues"}),
            "message": UnfoldAdminTextareaWidget(attrs={"rows": 6}),
            "skip_open_conversations": UnfoldBooleanSwitchWidget,
            "agent_enabled": UnfoldBooleanSwitchWidget,
        }

    def __init__(self, *args: Any, at_a_glance: bool = False, **kwargs: Any) -> None:
        """`at_a_glance`: nothing is saved, so merge tags are looked up with some of the people and not with all."""
        super().__init__(*args, **kwargs)
        self._at_a_glance = at_a_glance
        self.map_keys()
        if self.instance.pk is None:
            self.fields["agent"].initial = Agent.objects.first()
        for name in ("excluded_recipients", "excluded_silent"):
            self._offer_campaigns(name)
        region = self.account().region
        for name in ("people", "excluded_people"):
            self.fields[name].region = region  # type: ignore[attr-defined]  # a field of ours
        if hours := self.instance.rest_hours:
            unit = "days" if hours % HOURS["days"] == 0 else "hours"
            self.initial.update(rest_amount=hours // HOURS[unit], rest_unit=unit)
        else:
            self.initial.setdefault("rest_unit", "days")

    def _offer_campaigns(self, name: str) -> None:
        """Those that went out lately in this mode, and those already chosen."""
        gone = Campaign.objects.filter(launched_at__isnull=False, mode=Mode.current())
        recent = gone.order_by("-launched_at").values("pk")[:RECENT]
        already = (
            getattr(self.instance, name).values("pk") if self.instance.pk else Campaign.objects.none().values("pk")
        )
        field = self.fields[name]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101  # for the type checker
        field.queryset = Campaign.objects.filter(
            Q(pk__in=list(recent.values_list("pk", flat=True))) | Q(pk__in=already)
        )

    def who(self) -> list[forms.BoundField]:
        """The fields of the first step."""
        return [self[name] for name in self.WHO]

    def but(self) -> list[forms.BoundField]:
        """Who is left out; whatever offers nothing to choose is not shown."""
        return [self[name] for name in self.BUT if not self._is_idle(name)]

    def leaves_out(self) -> bool:
        """Is anybody left out, so that the fields for it must be on the page?"""
        return any(self[name].value() for name in self.BUT if name != "rest_unit")

    def account(self) -> Account:
        """The business that the form names, or the first."""
        agent = getattr(self, "cleaned_data", {}).get("agent") or Agent.objects.select_related("account").first()
        account = agent.account if agent else Account.objects.order_by("pk").first()
        return account or Account()

    def clock(self) -> Clock:
        """Now, in days of the business that the form names."""
        return clock_of(self.account())

    @cached_property
    def glimpse(self) -> Glimpse:
        """A look at the people whom the form means."""
        return Glimpse(self.choice(), self.clock())

    def _is_idle(self, name: str) -> bool:
        field = self.fields[name]
        if not isinstance(field, forms.ModelMultipleChoiceField) or field.queryset is None:
            return False
        return not field.queryset.exists()

    def choice(self) -> Choice:
        """Whom the form chooses, also while other fields are wrong."""
        given = self.cleaned_data
        many = {name: list(given.get(name) or []) for name in MANY}
        return Choice(
            **many,
            rest_hours=given.get("rest_hours"),
            skip_open_conversations=bool(given.get("skip_open_conversations")),
        )

    def untouched(self, outrun: Outrun) -> set[str] | None:
        """Of what others changed, what this form leaves as it was; None where both changed one thing."""
        return revising.untouched(self.instance, {name: self.cleaned_data.get(name) or [] for name in MANY}, outrun)

    def take(self, other: Campaign, names: Collection[str]) -> None:
        """Take these fields from there."""
        for name in names:
            if name in MANY:
                self.cleaned_data[name] = list(getattr(other, name).all())
            else:
                setattr(self.instance, name, getattr(other, name))

    def clean(self) -> dict[str, Any]:
        """Somebody must be chosen, and what is said must suit them."""
        given: dict[str, Any] = super().clean() or {}
        amount, unit = given.get("rest_amount"), given.get("rest_unit") or "days"
        given["rest_hours"] = self.instance.rest_hours = amount * HOURS[unit] if amount else None
        if self.choice().is_empty and not {"lists", "segments", "people"} & set(self.errors):
            self.add_error("lists", "Choose at least one list or segment, or name somebody.")
        try:
            everybody = chosen(self.choice(), self.clock())
            self.check_what(given, self.glimpse.some if self._at_a_glance else everybody)
        except QuestionProblem as problem:
            self.add_error(None, str(problem))
        return given
