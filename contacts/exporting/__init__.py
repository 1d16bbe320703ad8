"""Tables out of the product: contacts, a list's people, the rejected rows of an import. All are safe to open.

The columns are declared once, in `ContactResource`; CSV is streamed, XLSX is written by a worker and kept for a day.
What comes out can be imported again, and nothing is different then.
"""

from contacts.exporting.asking import contacts_shown, shown_contacts
from contacts.exporting.background import KEEP, begin, purge, silent, write
from contacts.exporting.cells import harmless
from contacts.exporting.refusing import CannotExport
from contacts.exporting.rejects import rejected_workbook
from contacts.exporting.resources import ContactResource, FormulaSafeResource
from contacts.exporting.tables import MOST_ROWS, csv_pieces

__all__ = [
    "KEEP",
    "MOST_ROWS",
    "CannotExport",
    "ContactResource",
    "FormulaSafeResource",
    "begin",
    "contacts_shown",
    "csv_pieces",
    "harmless",
    "purge",
    "rejected_workbook",
    "shown_contacts",
    "silent",
    "write",
]
