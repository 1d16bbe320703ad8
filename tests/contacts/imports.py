"""Imports for tests: a text, staged or imported as a file of its own."""

from pathlib import Path
from typing import Any

from contacts import importing
from contacts.models import ContactImport


def staged(path: Path, text: str, **rules: Any) -> ContactImport:
    path.write_text(text, encoding="utf-8")
    rules.setdefault("answers", {"settled": True})
    record = importing.begin(path.name, "0" * 64, importing.Rules(**rules))
    importing.preview(record, path)
    return record


def imported(path: Path, text: str, **rules: Any) -> ContactImport:
    record = staged(path, text, **rules)
    importing.confirm(record)
    importing.apply(record)
    return record


def fates(record: ContactImport) -> dict[int, str]:
    return dict(record.import_rows.values_list("number", "fate"))


def counts(record: ContactImport) -> tuple[int, ...]:
    return (record.created, record.updated, record.unchanged, record.skipped, record.rejected)
