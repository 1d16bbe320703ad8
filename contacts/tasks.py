"""Background work on imports. Each may be run twice: it looks at the import's status first."""

from pathlib import Path
from typing import Any

from procrastinate.contrib.django import app

from contacts import importing
from contacts.models import ContactImport


@app.task(name="contacts.stage_import")
def stage_import(import_id: int, reading: dict[str, Any] | None = None) -> None:
    """Read an uploaded file into its preview."""
    record = ContactImport.objects.filter(pk=import_id, status=ContactImport.Status.UPLOADED).first()
    if record is not None:
        importing.stage(record, Path(record.upload.path), importing.Reading(**(reading or {})))


@app.task(name="contacts.apply_import")
def apply_import(import_id: int) -> None:
    """Make the change that somebody has confirmed."""
    record = ContactImport.objects.filter(pk=import_id, status=ContactImport.Status.IMPORTING).first()
    if record is not None:
        importing.apply(record)
