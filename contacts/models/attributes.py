"""What a business knows of its contacts beyond the fields that everybody has."""

from django.db import models


class Attribute(models.Model):
    """A column of the business's own: the key in `Contact.attributes`, what staff call it, and what its values are.

    An import makes those that its columns need. The kind tells how a cell is read and how a segment compares.
    """

    class Kind(models.TextChoices):
        """How the value stands in `Contact.attributes`: text; number; ISO 8601 date; true or false."""

        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        YESNO = "yesno", "Yes or no"

    name = models.CharField(max_length=60, unique=True, help_text="As it stands in a merge tag: lower case, no blanks.")
    label = models.CharField(max_length=100, help_text="The header in spreadsheets.")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class RememberedHeader(models.Model):
    """What the columns of a header meant last time, so that nobody is asked twice."""

    key = models.CharField(max_length=64, unique=True, help_text="`contacts.columns.header_key` of the columns.")
    mapping = models.JSONField(help_text="`contacts.columns.normal` of a column to its target.")
    used_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return ", ".join(self.mapping)[:80]
