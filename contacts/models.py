"""Who we may text."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Reverse, Upper

from contacts.querysets import ContactQuerySet, SuppressionQuerySet

# E.164 (ITU-T): a plus, a country code that does not begin with 0, at most fifteen digits in all.
E164_REGEX = r"^\+[1-9][0-9]{6,14}$"


class PhoneField(models.CharField):  # type: ignore[type-arg]  # generic in the stubs alone
    """An E.164 number. `contacts.phones.parse_phone` is the only way from what people type to what stands here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 16)
        super().__init__(*args, **kwargs)


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

    phone = PhoneField("number", unique=True, help_text="International form, for example +12025550123.")
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

    objects = ContactQuerySet.as_manager()

    opted_out: bool  # there after `with_suppression`

    class Meta:
        ordering = ["-id"]
        constraints = [
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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact_list", "contact"], name="a_contact_is_on_a_list_once")]

    def __str__(self) -> str:
        return f"{self.contact} on {self.contact_list}"


class Suppression(models.Model):
    """This number must not be texted, whatever contact it belongs to or whether one exists.

    A lifted suppression stays as a trace; a number has at most one that stands. Only `contacts.suppressing` writes
    here, because a suppression must reach the queued sends in the same transaction.
    """

    class Source(models.TextChoices):
        """Who or what said so."""

        REPLY = "reply", "Replied with an opt-out"
        STAFF = "staff", "Noted by staff"
        IMPORT = "import", "Opt-out list"
        PROVIDER = "provider", "Revmo or the carrier said so"

    phone = PhoneField("number")
    source = models.CharField(max_length=16, choices=Source.choices)
    evidence = models.TextField("their words or the reason", blank=True)
    created_at = models.DateTimeField("since", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    lifted_at = models.DateTimeField("lifted", null=True, blank=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    lift_reason = models.TextField("why it was lifted", blank=True, editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "opt-out"
        constraints = [
            models.CheckConstraint(condition=Q(phone__regex=E164_REGEX), name="a_suppressed_phone_is_e164"),
            # Also the index that every intent to send reads.
            models.UniqueConstraint(
                fields=["phone"],
                condition=Q(lifted_at__isnull=True),
                name="a_number_has_one_standing_suppression",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | ~Q(lift_reason=""), name="a_lifted_suppression_says_why"
            ),
        ]
        permissions = [("lift_suppression", "Can lift an opt-out, with a reason")]

    def __str__(self) -> str:
        return f"{self.phone}"


class ContactImport(models.Model):
    """One spreadsheet on its way into the contacts.

        uploaded -> previewed -> importing -> imported
             \\          \\________________________/
              \\-> unreadable                      \\-> canceled

    Rows stand in `ImportRow`, so the preview can be read and confirmed by another person on another server.
    """

    class Status(models.TextChoices):
        """How far the file has come."""

        UPLOADED = "uploaded", "Reading the file"
        UNREADABLE = "unreadable", "Could not be read"
        PREVIEWED = "previewed", "Waiting for your confirmation"
        IMPORTING = "importing", "Importing"
        IMPORTED = "imported", "Imported"
        CANCELED = "canceled", "Canceled"

    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    upload = models.FileField(upload_to="imports/", blank=True)
    contact_list = models.ForeignKey(
        ContactList,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="imports",
        verbose_name="add to list",
    )
    region = models.CharField(max_length=2, default="US", help_text="Country of numbers that name none.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.UPLOADED)
    problem = models.TextField(blank=True, help_text="Why the file could not be read.")
    # Encoding, separator, sheet, header row, columns and their fields, and the notes made while reading.
    reading = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "import"
        constraints = [
            # Promise 4: the five fates add up to the rows once they are known.
            models.CheckConstraint(
                condition=~Q(status__in=["previewed", "importing", "imported"])
                | Q(rows=F("created") + F("updated") + F("unchanged") + F("skipped") + F("rejected")),
                name="the_fates_of_an_import_add_up",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """One row of a spreadsheet, its number as a spreadsheet program shows it, and exactly one fate."""

    class Fate(models.TextChoices):
        """What the import does, or did, with the row."""

        CREATED = "created", "New"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        SKIPPED = "skipped", "Skipped"
        REJECTED = "rejected", "Rejected"

    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, related_name="import_rows", db_index=False
    )
    number = models.PositiveIntegerField("row")
    cells = models.JSONField(help_text="The cells as text, in the order of the file.")
    phone = models.CharField(max_length=16, blank=True)
    fields = models.JSONField(default=dict, help_text="Cleaned values by contact field.")
    fate = models.CharField(max_length=16, choices=Fate.choices)
    column = models.CharField(max_length=255, blank=True, help_text="Where the problem is.")
    value = models.TextField(blank=True, help_text="The offending value as it stood in the file.")
    reason = models.TextField(blank=True)
    warnings = models.JSONField(default=list)
    opted_out = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            # Also the index by which a preview is paged.
            models.UniqueConstraint(fields=["contact_import", "number"], name="a_row_number_stands_once_in_an_import"),
            models.CheckConstraint(
                condition=~Q(fate__in=["skipped", "rejected"]) | ~Q(reason=""),
                name="a_row_not_taken_says_why",
            ),
            models.CheckConstraint(
                condition=Q(fate__in=["skipped", "rejected"]) | Q(phone__regex=E164_REGEX),
                name="a_row_taken_has_an_e164_phone",
            ),
        ]
        indexes = [
            # The tabs of the preview.
            models.Index(fields=["contact_import", "fate", "number"], name="import_rows_by_fate")
        ]

    def __str__(self) -> str:
        return f"row {self.number}"
