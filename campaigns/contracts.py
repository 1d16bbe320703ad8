"""What the agent will know of a person: each key of the trigger from where the campaign says, in its kind.

A campaign keeps for each key a template, `{{ city }}` for a field or any text with or without merge tags; from scripts
also other JSON, which is taken as it stands.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.composing import Compiled, HeldBack, compile_text
from campaigns.composing.values import WrongValue, typed
from campaigns.models import Trigger, TriggerKey

Source = Compiled | Any


class MissingDetail(ValueError):
    """The agent would not know what it needs; a sentence."""


def keys_of(trigger: Trigger | None) -> list[TriggerKey]:
    """What the trigger needs, in its order."""
    return list(trigger.keys.all()) if trigger is not None else []


def facts_of(trigger: Trigger | None) -> list[list[Any]]:
    """What decides the values, for a fingerprint."""
    return [[key.key, key.kind, key.required, key.default] for key in keys_of(trigger)]


def compiled_sources(metadata: Mapping[str, Any]) -> dict[str, Source]:
    """Each source ready to be asked for one person after the other; empty ones are none. Raises TemplateProblem."""
    return {
        key: compile_text(source) if isinstance(source, str) else source
        for key, source in metadata.items()
        if source not in ("", None)
    }


def told(
    sources: Mapping[str, Source], keys: Sequence[TriggerKey], values: Mapping[str, object], region: str
) -> dict[str, Any]:
    """What the agent is told of the person with these values.

    Raises MissingDetail and WrongValue for what the trigger needs, HeldBack for a blank value elsewhere.
    """
    known = {key.key: key for key in keys}
    found = {name: _written(source, values) for name, source in sources.items() if name not in known}
    for key in keys:
        value = _value(key, sources.get(key.key), values)
        if value is not None:
            found[key.key] = _typed(key, value, region)
    return found


def _value(key: TriggerKey, source: Source, values: Mapping[str, object]) -> Any:
    try:
        value = None if source is None else _written(source, values)
    except HeldBack:
        value = None
    if value is not None and str(value).strip():
        return value
    if key.default:
        return key.default
    if key.required:
        lacking = "nobody has said where it comes from" if source is None else "it is blank for this person"
        raise MissingDetail(f"The agent needs “{key.key}”, and {lacking}.")
    return None


def _typed(key: TriggerKey, value: Any, region: str) -> Any:
    try:
        return typed(key.kind, value, region)
    except WrongValue as problem:
        raise WrongValue(f"“{key.key}”: {problem}") from problem


def _written(source: Source, values: Mapping[str, object]) -> Any:
    if not isinstance(source, Compiled):
        return source
    if source.only is not None and source.only in values:  # a field alone keeps its kind
        return values[source.only]
    return source.render(values)
