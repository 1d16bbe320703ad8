"""A file, or numbers that somebody pasted, on their way to a preview."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts import files
from contacts.models import ContactImport, ContactList

PASTED = "Pasted numbers"


@dataclass(frozen=True, slots=True)
class Rules:
    """What staff want the import to do. `consent_at` has a zone."""

    region: str = "US"
    purpose: str = ContactImport.Purpose.CONTACTS
    existing: str = ContactImport.Existing.UPDATE
    blanks_overwrite: bool = False
    lists: Iterable[ContactList] = ()
    new_list: str = ""
    consent_source: str = ""
    consent_at: datetime | None = None
    consent_text: str = ""
    answers: dict[str, Any] = field(default_factory=dict)


def receive(pieces: Iterable[bytes], name: str, rules: Rules, by: Any = None) -> ContactImport:
    """Keep an uploaded file for `read`; its name is only ever shown."""
    with transaction.atomic():
        stored = files.keep(pieces)
        record = begin(name, stored.sha256, rules, by)
        record.stored_file = stored
        record.save(update_fields=["stored_file"])
    return record


def receive_pasted(text: str, rules: Rules, by: Any = None) -> ContactImport:
    """The same for numbers that were pasted: one a line."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    answers = {**rules.answers, "header_row": 0, "settled": True, "encoding": "utf-8", "delimiter": "\t"}
    settled = {name: getattr(rules, name) for name in Rules.__slots__} | {"answers": answers}
    return receive([lines.encode()], PASTED, Rules(**settled), by)


def begin(name: str, sha256: str, rules: Rules, by: Any = None) -> ContactImport:
    """The record of an import whose file the caller holds."""
    record = ContactImport.objects.create(
        file_name=PurePosixPath(PureWindowsPath(name).name).name[:255] or "Unnamed file",
        file_sha256=sha256,
        region=rules.region,
        purpose=rules.purpose,
        existing=rules.existing,
        blanks_overwrite=rules.blanks_overwrite,
        new_list=rules.new_list.strip(),
        consent_source=rules.consent_source,
        consent_at=rules.consent_at,
        consent_text=rules.consent_text,
        answers=rules.answers,
        uploaded_by=by,
        touched_at=timezone.now(),
    )
    record.lists.set(rules.lists)
    return record
