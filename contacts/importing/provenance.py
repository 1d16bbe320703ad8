"""Which row of which file a contact came from."""

from dataclasses import dataclass

from contacts.models import Contact, ContactImport, ImportRow

MOST = 5
_DONE = (ContactImport.Status.IMPORTING, ContactImport.Status.IMPORTED)


@dataclass(frozen=True, slots=True)
class Origin:
    """An import that made the contact or changed it, and the row, in a sentence."""

    import_id: int
    file_name: str
    sentence: str


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
        Origin(row.contact_import_id, row.contact_import.file_name, f"row {row.number:,} changed it") for row in changed
    ]
    made_by = contact.created_by_import
    if made_by is not None and contact.created_from_row is not None:
        origins.append(Origin(made_by.pk, made_by.file_name, f"row {contact.created_from_row:,} made it"))
    return origins
