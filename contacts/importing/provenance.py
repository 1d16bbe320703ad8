"""Which row of which file a contact came from."""

from dataclasses import dataclass
from datetime import datetime

from contacts.models import Contact, ContactImport, ImportRow

MOST = 5
_DONE = (ContactImport.Status.IMPORTING, ContactImport.Status.IMPORTED)


@dataclass(frozen=True, slots=True)
class Origin:
    """An import that made the contact or changed it, the row, and when that was, where it is known."""

    import_id: int
    file_name: str
    row: int
    made: bool
    at: datetime | None

    @property
    def sentence(self) -> str:
        """What the row did, without the file's name."""
        return f"row {self.row:,} {'made' if self.made else 'changed'} it"


def provenance(contact: Contact) -> list[Origin]:
    """Where the contact comes from, the last change first.

    The row that made it is kept with the contact; those that changed it for as long as the import keeps its rows.
    """
    changed = (
        ImportRow.objects.filter(phone=contact.phone, fate=ImportRow.Fate.UPDATED, contact_import__status__in=_DONE)
        .select_related("contact_import")
        .order_by("-contact_import_id")[:MOST]
    )
    origins = [
        Origin(row.contact_import_id, row.contact_import.file_name, row.number, False, row.contact_import.finished_at)
        for row in changed
    ]
    made_by = contact.created_by_import
    if made_by is not None and contact.created_from_row is not None:
        origins.append(Origin(made_by.pk, made_by.file_name, contact.created_from_row, True, contact.created_at))
    return origins
