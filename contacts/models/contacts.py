"""Who we may text."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Reverse, Upper

from contacts.models.phone_field import E164_REGEX, PhoneField
from contacts.querysets import ContactQuerySet


class Contact(models.Model):
    """A person, known by one number.

    `last_texted_at` and `conversation_open` are written down from the higher packages in the transaction that makes
    them true, so that a question about an audience needs no join upward. Times are UTC.
    """

    class ConsentSource(models.TextChoices):
        """Where the permission to text this person comes from."""

        UNKNOWN = "", "Not recorded"
        IMPORT = "import", "Stated at an import"
        FORM = "form", "Web or paper form"
        MESSAGE = "message", "Texted us first"
        STAFF = "staff", "Noted by staff"

    phone = PhoneField("number", help_text="International form, for example +12025550123.")
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField("e-mail", blank=True)
    company = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        help_text="For example America/Phoenix. Empty: judged from the number, the strictest of its zones.",
    )
    attributes = models.JSONField("other columns", default=dict, blank=True)
    consent_source = models.CharField(max_length=16, blank=True, choices=ConsentSource.choices)
    consent_at = models.DateTimeField("consent given", null=True, blank=True)
    consent_text = models.TextField("consent wording", blank=True, help_text="The words that the person agreed to.")
    last_texted_at = models.DateTimeField("last texted", null=True, blank=True, editable=False)
    conversation_open = models.BooleanField("open conversation", default=False, editable=False)
    created_at = models.DateTimeField("added", auto_now_add=True)
    updated_at = models.DateTimeField("changed", auto_now=True)
    # Imports are never deleted, so the database need not check a million of these one by one.
    created_by_import = models.ForeignKey(
        "contacts.ContactImport",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    created_from_row = models.PositiveIntegerField(null=True, blank=True, editable=False)

    objects = ContactQuerySet.as_manager()

    opted_out: bool  # there after `with_suppression`
    at_rest: bool  # there after `with_rest`

    class Meta:
        ordering = ["-id"]
        constraints = [
            # With this operator class one index serves a number, its beginning in the search box, and the rule.
            models.UniqueConstraint(
                fields=["phone"],
                opclasses=["varchar_pattern_ops"],
                name="a_number_is_one_contact",
                violation_error_message="There is a contact with this number already.",
            ),
            models.CheckConstraint(condition=Q(phone__regex=E164_REGEX), name="a_contacts_phone_is_e164"),
            models.CheckConstraint(
                condition=Q(consent_at__isnull=True) | ~Q(consent_source=""),
                name="a_consent_date_has_a_source",
                violation_error_message="Say where the consent comes from, not only when it was given.",
            ),
        ]
        indexes = [
            # The search box: a number by its last digits.
            models.Index(OpClass(Reverse("phone"), name="text_pattern_ops"), name="contact_by_last_digits"),
            # The search box: a person by the beginning of either name.
            models.Index(OpClass(Upper("first_name"), name="text_pattern_ops"), name="contact_by_first_name"),
            models.Index(OpClass(Upper("last_name"), name="text_pattern_ops"), name="contact_by_last_name"),
        ]

    def __str__(self) -> str:
        return f"{self.full_name or self.phone}"

    @property
    def full_name(self) -> str:
        """First and last name, or nothing."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class EarlierNumber(models.Model):
    """A number that was a person's until somebody changed it: what went to it then is found by it.

    Kept by a trigger of the database, whoever changes a contact. Times are UTC.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, editable=False, related_name="earlier_numbers", db_index=False
    )
    phone = PhoneField("number", editable=False)
    until = models.DateTimeField(db_default=Now(), null=True, editable=False, help_text="Empty: nobody knows.")

    class Meta:
        ordering = [F("until").desc(nulls_last=True), "-id"]
        constraints = [
            models.UniqueConstraint(fields=["contact", "phone"], name="an_earlier_number_is_kept_once"),
        ]
        indexes = [
            # The search box: as with the number of today.
            models.Index(fields=["phone"], opclasses=["varchar_pattern_ops"], name="earlier_number_by_beginning"),
            models.Index(OpClass(Reverse("phone"), name="text_pattern_ops"), name="earlier_number_by_last_digits"),
        ]

    def __str__(self) -> str:
        return str(self.phone)


class ContactList(models.Model):
    """A fixed set of contacts that somebody put together."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    members = models.ManyToManyField(Contact, through="Membership", related_name="lists", blank=True)
    created_at = models.DateTimeField("created", auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "list"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One contact on one list."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="memberships")
    # The unique constraint below begins with the list, so it serves "who is on this list" as well.
    contact_list = models.ForeignKey(ContactList, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    added_at = models.DateTimeField("added", auto_now_add=True)
    # Whose undoing takes the contact off the list again.
    added_by_import = models.ForeignKey(
        "contacts.ContactImport",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact_list", "contact"], name="a_contact_is_on_a_list_once")]

    def __str__(self) -> str:
        return f"{self.contact} on {self.contact_list}"
