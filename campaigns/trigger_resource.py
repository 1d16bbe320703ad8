"""Triggers and what they need, as a spreadsheet: a row a key, one row for a trigger that needs nothing."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.widgets import Widget

from campaigns.models import Agent, Trigger, TriggerKey
from contacts.attributes import as_text, parse_value
from contacts.exporting import FormulaSafeResource

# import-export ships no types for its classes.
# mypy: disable-error-code="misc"

KINDS = {label.casefold(): value for value, label in TriggerKey.Kind.choices}


class KindWidget(Widget):
    """The kind as the page calls it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Raises ValueError for a word that is none."""
        text = str(value or "").strip().casefold()
        if not text:
            return TriggerKey.Kind.TEXT
        if text not in KINDS:
            raise ValueError(f"“{value}” is no kind. There are: {', '.join(TriggerKey.Kind.labels)}.")
        return KINDS[text]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """In words."""
        return str(TriggerKey.Kind(value).label) if value else ""


class YesNoWidget(Widget):
    """Yes or no, as people write it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        """An empty cell is yes: what is listed is needed unless somebody says otherwise."""
        return bool(parse_value("yesno", value)) if str(value or "").strip() else True

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """In words."""
        return "yes" if value else "no"


class TriggerResource(FormulaSafeResource):
    """Rows are known by agent, trigger and key; an import adds and changes, and takes nothing away."""

    agent = Field(attribute="trigger__agent__name", column_name="Agent", readonly=True)
    phrase = Field(attribute="trigger__phrase", column_name="Trigger", readonly=True)
    task = Field(attribute="trigger__description", column_name="What the agent does", readonly=True)
    key = Field(attribute="key", column_name="Key")
    kind = Field(attribute="kind", column_name="Kind", widget=KindWidget())
    required = Field(attribute="required", column_name="Required", widget=YesNoWidget())
    description = Field(attribute="description", column_name="Meaning", default="")
    example = Field(attribute="example", column_name="Example", default="")
    default = Field(attribute="default", column_name="Default", default="")

    class Meta:
        model = TriggerKey
        fields = ("agent", "phrase", "task", "key", "kind", "required", "description", "example", "default")
        export_order = fields
        import_order = fields
        import_id_fields = ("key",)
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        store_instance = True

    def iter_queryset(self, queryset: QuerySet[Trigger]) -> Iterator[TriggerKey]:
        """From triggers, as the admin gives them, to their keys."""
        for trigger in queryset.select_related("agent").prefetch_related("keys").order_by("agent__name", "phrase"):
            keys = list(trigger.keys.all())
            for key in keys or [TriggerKey(trigger=trigger, kind="", required=False)]:
                key.trigger = trigger
                yield key

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Find or make the trigger of the row. Raises ValidationError."""
        for name in list(row):
            row[name] = as_text(row[name])
        phrase = row.get("Trigger", "")
        if not phrase:
            raise ValidationError("The row names no trigger. Fill in the column Trigger.")
        row["trigger"] = self._trigger(_agent(row.get("Agent", "")), phrase, row.get("What the agent does", ""))

    def get_instance(self, instance_loader: Any, row: Any) -> TriggerKey | None:
        """The key of that trigger, where it has one of that name."""
        return TriggerKey.objects.filter(trigger=row["trigger"], key=row.get("Key", "")).first()

    def init_instance(self, row: Any = None) -> TriggerKey:
        """A new key of that trigger."""
        return TriggerKey(trigger=row["trigger"])

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """A row without a key was about its trigger alone."""
        return not row.get("Key") or bool(super().skip_row(instance, original, row, import_validation_errors))

    @staticmethod
    def _trigger(agent: Agent, phrase: str, task: str) -> Trigger:
        trigger = Trigger.objects.filter(agent=agent, phrase=phrase).first() or Trigger(agent=agent, phrase=phrase)
        if trigger.pk is None or (task and task != trigger.description):
            trigger.description = task or trigger.description
            trigger.full_clean()
            trigger.save()
        return trigger


def _agent(name: str) -> Agent:
    if name:
        agent = Agent.objects.filter(name=name).first()
        if agent is None:
            raise ValidationError(f"There is no agent “{name}”. Add it under Settings, or leave the cell empty.")
        return agent
    agents = list(Agent.objects.all()[:2])  # the default one comes first
    if not agents or (len(agents) > 1 and not agents[0].is_default):
        raise ValidationError("Say which agent: there is no default one. Fill in the column Agent.")
    return agents[0]
