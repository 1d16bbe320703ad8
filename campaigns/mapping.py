"""The rows of the draft page that say where each key of a trigger comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns import contracts, merge_fields
from campaigns.composing import TemplateProblem, compile_text
from campaigns.composing.values import WrongValue, typed
from campaigns.models import Trigger, TriggerKey

FIELD, WRITE, KEEP = "field:", "write", "keep"
# What tasks call the fields that everybody has; Revmo's guide has customer_name.
CALLED = {"customer_name": "full_name", "name": "full_name", "business": "business_name", "phone_number": "phone"}
Choices = list[tuple[str, str]]


@dataclass(slots=True)
class Row:
    """One key: what was chosen for it (a field, words, or what a script has put there) and what is wrong with it."""

    key: TriggerKey
    chosen: str = ""
    written: str = ""
    kept: Any = None
    problem: str = ""

    @property
    def control(self) -> str:
        """The name of its select; its words have one that ends differently."""
        return f"key-{self.key.pk}"

    @property
    def source(self) -> Any:
        """As a campaign keeps it."""
        if self.chosen == KEEP:
            return self.kept
        if self.chosen.startswith(FIELD):
            return f"{{{{ {self.chosen.removeprefix(FIELD)} }}}}"
        return self.written.strip() if self.chosen == WRITE else ""

    def check(self, region: str) -> None:
        """Words without a merge tag can be checked before anybody is asked for."""
        try:
            compiled = compile_text(self.written) if self.chosen == WRITE else None
            if compiled is not None and not compiled.names and self.written.strip():
                typed(self.key.kind, compiled.render({}).strip(), region)
        except (TemplateProblem, WrongValue) as problem:
            self.problem = str(problem)


class KeyMapping:
    """All rows of a trigger: as posted, else as the campaign has them, else a field that is called the same."""

    def __init__(self, trigger: Trigger | None, metadata: Mapping[str, Any], posted: Mapping[str, Any] | None) -> None:
        self.fields, self.columns = merge_fields.choices()
        self.rows = [self._row(key, metadata.get(key.key), posted or {}) for key in contracts.keys_of(trigger)]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def keys(self) -> set[str]:
        """The keys that have a row."""
        return {row.key.key for row in self.rows}

    def sources(self) -> dict[str, Any]:
        """What the campaign keeps; keys without a source are not there."""
        return {row.key.key: row.source for row in self.rows if row.source not in ("", None)}

    def is_wrong(self, region: str) -> bool:
        """Check every row, each with its own note."""
        for row in self.rows:
            row.check(region)
        return any(row.problem for row in self.rows)

    def _row(self, key: TriggerKey, source: Any, posted: Mapping[str, Any]) -> Row:
        row = Row(key)
        if row.control in posted:
            row.chosen, row.written = posted[row.control], posted.get(f"{row.control}-words", "")
            row.kept = source
        elif source is None:
            name = CALLED.get(key.key, key.key)
            row.chosen = f"{FIELD}{name}" if name in self._names() else ""
        elif not isinstance(source, str):
            row.chosen, row.kept = KEEP, source
        elif (name := _only_field(source)) in self._names():
            row.chosen = f"{FIELD}{name}"
        else:
            row.chosen, row.written = WRITE, source
        return row

    def _names(self) -> set[str]:
        return {name for name, _ in (*self.fields, *self.columns)}


def _only_field(source: str) -> str:
    try:
        return compile_text(source).only or ""
    except TemplateProblem:
        return ""
