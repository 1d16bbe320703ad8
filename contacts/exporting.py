"""Tables out of the product, safe to open in a spreadsheet program.

import-export's own setting strips one equals sign and loses the text; here the text stays and a program that opens the
file shows it as text (OWASP, "CSV Injection").
"""

import re
from typing import Any

from import_export import resources
from import_export.fields import Field

from contacts.models import Contact

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
PLAIN_NUMBER = re.compile(r"\+?[0-9]{1,15}")


def harmless(text: str) -> str:
    """With an apostrophe in front where a program would take the text for a formula; our import takes it off again."""
    if text.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


class FormulaSafeResource(resources.ModelResource):  # type: ignore[misc]  # import-export ships no types
    """A resource whose exported texts are harmless."""

    def export_field(self, field: Field, instance: Any, **kwargs: Any) -> Any:
        """The value of a cell."""
        value = super().export_field(field, instance, **kwargs)
        return harmless(value) if isinstance(value, str) else value


class ContactResource(FormulaSafeResource):
    """The columns of a contact, declared once; the headers are those that the importer recognises."""

    phone = Field(attribute="phone", column_name="Phone")
    first_name = Field(attribute="first_name", column_name="First name")
    last_name = Field(attribute="last_name", column_name="Last name")
    email = Field(attribute="email", column_name="E-mail")
    company = Field(attribute="company", column_name="Company")
    time_zone = Field(attribute="time_zone", column_name="Time zone")

    class Meta:
        model = Contact
        fields = ("phone", "first_name", "last_name", "email", "company", "time_zone")
        export_order = fields
