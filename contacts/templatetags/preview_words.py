"""How an import speaks: its sentence before, its sentence after, and values as people write them."""

from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

from contacts.models import ContactImport

register = template.Library()


@register.simple_tag
def outlook(record: ContactImport) -> str:
    """What the import would do, in a sentence."""
    if record.is_opt_outs:
        known = f", {intcomma(record.unchanged)} rest already" if record.unchanged else ""
        return f"{_people(record.created, 'number')} will get no more texts{known}."
    parts = [_people(record.created, "new person", "new people")] if record.created else []
    parts += [f"{intcomma(record.updated)} updated"] if record.updated else []
    parts += [f"{intcomma(record.unchanged)} as they are"] if record.unchanged else []
    left_out = record.skipped + record.rejected
    lists = [one.name for one in record.lists.all()] + ([record.new_list] if record.new_list else [])
    going = f" All go on {_quoted(lists)}." if lists and record.taken else ""
    out = f" {_people(left_out, 'row')} left out." if left_out else ""
    return f"{', '.join(parts) or 'Nobody to import'}.{going}{out}"


@register.simple_tag
def outcome(record: ContactImport) -> str:
    """What the import did."""
    if record.is_opt_outs:
        return f"Done: {_people(record.created, 'number')} will get no more texts."
    unchanged = f", {intcomma(record.unchanged)} as they were" if record.unchanged else ""
    return f"Done: {intcomma(record.created)} new, {intcomma(record.updated)} updated{unchanged}."


def _people(count: int, one: str, many: str = "") -> str:
    return f"{intcomma(count)} {one if count == 1 else many or one + 's'}"


def _quoted(names: list[str]) -> str:
    kind = "the list" if len(names) == 1 else "the lists"
    return f"{kind} {', '.join(f'“{name}”' for name in dict.fromkeys(names))}"


@register.filter
def known(value: Any) -> bool:
    """Is there a value at all? False and 0 are values."""
    return value is not None and value != ""


@register.filter
def plainly(value: Any) -> str:
    """A value of a field or an attribute as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text[:120] + "…" if len(text) > 120 else text


@register.filter
def at(items: list[str], index: int) -> str:
    """The item at an index, or nothing."""
    return items[index] if index < len(items) else ""


@register.filter
def time_left(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
