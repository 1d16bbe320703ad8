"""The columns of exports, each declared once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from import_export import resources, widgets
from import_export.fields import Field

from contacts import columns
from contacts.attributes import Kind, show_value
from contacts.exporting.cells import Cell, harmless, survives_as_number
from contacts.models import Attribute, Contact

# import-export ships no types for its classes.
# mypy: disable-error-code="misc"

# Rows that are in memory at a time.
BATCH = 2_000


class FormulaSafeResource(resources.ModelResource):
    """A resource whose exported texts are harmless."""

    def export_field(self, field: Field, instance: Any, **kwargs: Any) -> Any:
        """The value of a cell."""
        value = super().export_field(field, instance, **kwargs)
        return harmless(value) if isinstance(value, str) else value


class ConsentSourceWidget(widgets.Widget):
    """The source in words; nothing where none is recorded."""

    def render(self, value: str, obj: Any = None, **kwargs: Any) -> str:
        """The words that the page shows, which the importer reads."""
        return str(Contact.ConsentSource(value).label) if value else ""


class MomentWidget(widgets.Widget):
    """A moment with its zone, so that it means the same wherever it is read."""

    def render(self, value: datetime | None, obj: Any = None, **kwargs: Any) -> str:
        """ISO 8601 with a blank for the T, in UTC; fractions of a second only where there are some."""
        return f"{value.astimezone(UTC).replace(tzinfo=None)} UTC" if value else ""


class AttributeField(Field):
    """A column of the business's own."""

    def __init__(self, attribute: Attribute, column_name: str) -> None:
        super().__init__(attribute="attributes", column_name=column_name, readonly=True)
        self._name, self._kind = attribute.name, attribute.kind

    def export(self, instance: Contact, **kwargs: Any) -> Cell:
        """A number as a number where a spreadsheet keeps it exactly; everything else as the pages show it."""
        value = instance.attributes.get(self._name)
        if value is None:
            return ""
        number = self._kind == Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool)
        return value if number and survives_as_number(value) else show_value(self._kind, value)


class ContactResource(FormulaSafeResource):
    """The columns of a contact; the headers are those by which the importer knows a file of ours.

    Those of the business's own follow, as they stand when the resource is made.
    """

    phone = Field(attribute="phone", column_name="Phone")
    first_name = Field(attribute="first_name", column_name="First name")
    last_name = Field(attribute="last_name", column_name="Last name")
    email = Field(attribute="email", column_name="E-mail")
    company = Field(attribute="company", column_name="Company")
    time_zone = Field(attribute="time_zone", column_name="Time zone")
    consent_source = Field(attribute="consent_source", column_name="Consent source", widget=ConsentSourceWidget())
    consent_at = Field(attribute="consent_at", column_name="Consent date", widget=MomentWidget())
    consent_text = Field(attribute="consent_text", column_name="Consent wording")

    class Meta:
        model = Contact
        fields = (
            "phone",
            "first_name",
            "last_name",
            "email",
            "company",
            "time_zone",
            "consent_source",
            "consent_at",
            "consent_text",
        )
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # By what the importer compares; a label that would say two things gives way to the name.
        taken = {columns.normal(header) for header in self.get_export_headers()}
        for attribute in Attribute.objects.order_by("pk"):
            known = columns.normal(attribute.label)
            header = attribute.label if known and known not in taken else attribute.name
            taken.add(columns.normal(header))
            self.fields[f"attributes.{attribute.name}"] = AttributeField(attribute, header)

    def rows(self, contacts: QuerySet[Contact]) -> Iterator[list[Cell]]:
        """A row a contact, oldest first, from one query and a cursor on the server; not yet made harmless."""
        fields = self.get_export_fields()
        for contact in contacts.order_by("pk").iterator(chunk_size=BATCH):
            yield [field.export(contact) for field in fields]
