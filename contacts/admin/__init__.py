"""What staff see of whom we may text."""

from contacts.admin.attributes import AttributeAdmin
from contacts.admin.contacts import ContactAdmin, ContactListAdmin
from contacts.admin.imports import ContactImportAdmin
from contacts.admin.suppressions import SuppressionAdmin

__all__ = ["AttributeAdmin", "ContactAdmin", "ContactImportAdmin", "ContactListAdmin", "SuppressionAdmin"]
