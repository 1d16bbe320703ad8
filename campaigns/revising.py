"""Drafts and segments that several people work on: nobody overwrites anybody unawares, and it stays known who did what.

Whoever saves says which version they saw. One guarded update moves the version on; where it finds another version,
nothing is saved and `Outrun` tells what was changed meanwhile.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from campaigns import segmenting
from campaigns.choices import MANY, Choice, in_words
from campaigns.models import Campaign, Revision, Segment
from campaigns.segmenting import Catalogue

Record = Campaign | Segment
AUDIENCE = "the audience"
_TIME = "the time"
# What staff call the part of the page that a field stands in; other fields are parts of their own.
PARTS: Mapping[str, str] = {
    **dict.fromkeys((*MANY, "rest_hours", "skip_open_conversations"), AUDIENCE),
    **dict.fromkeys(("scheduled_at", "each_own_clock", "spread_minutes", "expires_at", "any_hour"), _TIME),
    "metadata": "what the agent should know",
    "agent_enabled": "who answers replies",
}


class Outrun(Exception):
    """Nothing was saved: somebody saved, launched or deleted the record since the version that was seen."""

    def __init__(self, current: Record | None, revisions: Iterable[Revision] = ()) -> None:
        super().__init__("It was changed meanwhile.")
        self.current = current
        self.revisions = list(revisions)

    @property
    def is_editable(self) -> bool:
        """May what was written still be saved, now that one knows?"""
        return self.current is not None and getattr(self.current, "editable", True)

    def fields(self) -> dict[str, Any]:
        """What the others changed: each field with the value that it had in the version that was seen."""
        return {change["field"]: change["was"] for one in self.revisions for change in one.changes}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A record as it stands: each field's value to compare, and each part of the page in words."""

    values: dict[str, Any]
    words: dict[str, str]


def written_fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """The fields that staff fill in."""
    fields = (*model._meta.concrete_fields, *model._meta.many_to_many)
    return [field for field in fields if field.editable and not field.primary_key]


def snapshot(record: Record) -> Snapshot:
    """The record as the database has it."""
    fields = written_fields(type(record))
    words: dict[str, list[str]] = {}
    for field in fields:
        words.setdefault(part_of(field), []).append(_shown(field, record))
    shown = {part: "; ".join(filter(None, lines)) for part, lines in words.items()}
    if isinstance(record, Campaign):
        shown[AUDIENCE] = in_words(Choice.of(record), by_name=True)
    return Snapshot({field.name: _value(field, record) for field in fields}, shown)


def part_of(field: "models.Field[Any, Any]") -> str:
    """The part of the page that the field stands in."""
    return PARTS.get(field.name, f"the {field.verbose_name}")


def begin(record: Record, by: Any, note: str) -> None:
    """Note the first version of a new record."""
    _revision(record, by, note=note)


def save(record: Record, seen: int, by: Any, write: Callable[[], Any]) -> Revision | None:
    """Have `write` save what was changed in `record`, if `seen` is still its version; what was changed, if anything.

    Raises Outrun, having written nothing.
    """
    with transaction.atomic():
        kept = lock(record, seen)
        before = snapshot(kept)
        record.version = kept.version + 1
        if isinstance(record, Campaign) and isinstance(kept, Campaign):
            record.status = kept.status
        write()
        saved = type(record)._default_manager.get(pk=record.pk)
        changes = _changes(before, snapshot(saved))
        if changes:
            return _revision(saved, by, changes=changes)
        # A save that changes nothing must not outrun anybody.
        type(record)._default_manager.filter(pk=record.pk).update(version=seen)
        record.version = seen
    return None


def lock(record: Record, seen: int) -> Record:
    """The record as it stands, its row locked and its version moved on, if `seen` is its version. Raises Outrun."""
    saved: QuerySet[Any] = type(record)._default_manager.filter(pk=record.pk)
    open_ = saved.filter(status__in=Campaign.EDITABLE) if isinstance(record, Campaign) else saved
    if not open_.filter(version=seen).update(version=F("version") + 1):
        current = saved.first()
        later = current.revisions.filter(version__gt=seen).select_related("changed_by") if current else ()
        raise Outrun(current, later)
    kept: Record = saved.get()
    kept.version = seen
    return kept


def untouched(record: Record, many: Mapping[str, Iterable[models.Model]], outrun: Outrun) -> set[str] | None:
    """Of what the others changed, the fields that this writer left as they were; None where both changed one.

    `record` holds what was written, `many` what was written to relations of many.
    """
    left, theirs = set(), snapshot(outrun.current).values if outrun.current else {}
    for field in written_fields(type(record)):
        if field.name not in (was := outrun.fields()):
            continue
        chosen = many.get(field.name)
        mine = _value(field, record) if chosen is None else sorted(one.pk for one in chosen)
        if mine == was[field.name]:
            left.add(field.name)
        elif mine != theirs[field.name]:
            return None
    return left


def _changes(before: Snapshot, after: Snapshot) -> list[dict[str, Any]]:
    model_fields = {field.name: field for field in (*written_fields(Campaign), *written_fields(Segment))}
    found = []
    for name, was in before.values.items():
        if (became := after.values[name]) != was:
            part = part_of(model_fields[name])
            words = {"before": before.words[part], "after": after.words[part]}
            found.append({"field": name, "part": part, "was": was, "became": became, **words})
    return found


def _revision(record: Record, by: Any, *, note: str = "", changes: list[dict[str, Any]] | None = None) -> Revision:
    of = {"campaign": record} if isinstance(record, Campaign) else {"segment": record}
    return Revision.objects.create(**of, version=record.version, note=note, changes=changes or [], changed_by=by)


def _value(field: "models.Field[Any, Any]", record: Record) -> Any:
    if field.many_to_many:
        return sorted(getattr(record, field.name).values_list("pk", flat=True))
    value = getattr(record, field.attname)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _shown(field: "models.Field[Any, Any]", record: Record) -> str:
    if field.many_to_many:
        return ""  # the audience, which is told as a whole
    value = getattr(record, field.name)
    if isinstance(record, Segment) and field.name == "question":
        return segmenting.in_words(record, Catalogue.load())
    if field.name == "agent_enabled":
        return "the agent" if value else "your staff"
    if isinstance(value, bool):
        return str(field.verbose_name) if value else ""
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{field.verbose_name} {local:%b} {local.day}, {local.year}, {local:%I:%M %p} {local.tzname()}"
    if field.name == "spread_minutes" and value:
        return f"{field.verbose_name} {value:,} minutes"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {text}" for name, text in value.items())
    return "" if value is None else str(value)
