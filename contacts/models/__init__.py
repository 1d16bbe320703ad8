"""Who we may text, who we must not, and the spreadsheets that both come in."""

from contacts.models.attributes import Attribute, RememberedHeader
from contacts.models.contacts import Contact, ContactList, EarlierNumber, Membership
from contacts.models.exports import ContactExport
from contacts.models.files import StoredFile, StoredFilePart
from contacts.models.imports import ContactImport, ImportRow
from contacts.models.phone_field import E164_REGEX, PhoneField
from contacts.models.suppressions import Suppression

__all__ = [
    "E164_REGEX",
    "Attribute",
    "Contact",
    "ContactExport",
    "ContactImport",
    "ContactList",
    "EarlierNumber",
    "ImportRow",
    "Membership",
    "PhoneField",
    "RememberedHeader",
    "StoredFile",
    "StoredFilePart",
    "Suppression",
]
