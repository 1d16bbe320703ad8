"""Spreadsheets on their way into the contacts, and what became of each row."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from contacts.models.contacts import Contact, ContactList
from contacts.models.files import StoredFile
from contacts.models.phone_field import E164_REGEX


class ContactImport(models.Model):
    """One spreadsheet on its way into the contacts, or, for another purpose, into the opt-outs.

        uploaded -> previewed -> importing -> imported -> undoing -> undone
           |  ^        |  |          |                       ^
           v  |        |  v          \\-----------------------/
         asking       |  uploaded (columns changed)
           |          v
           \\------> canceled, expired          uploaded -> unreadable

    Rows stand in `ImportRow` and the file in `StoredFile`, so each step can be taken by another person on another
    server. A worker moves through the rows in order and commits every few thousand with `read_through`,
    `applied_through` or `undone_through`, so that whoever comes next goes on where it stopped.
    """

    class Status(models.TextChoices):
        """How far the file has come."""

        UPLOADED = "uploaded", "Reading the file"
        UNREADABLE = "unreadable", "Could not be read"
        ASKING = "asking", "Waiting for your answers"
        PREVIEWED = "previewed", "Waiting for your confirmation"
        IMPORTING = "importing", "Importing"
        IMPORTED = "imported", "Imported"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"
        CANCELED = "canceled", "Canceled"
        EXPIRED = "expired", "Never confirmed"

    class Purpose(models.TextChoices):
        """What the rows are for."""

        CONTACTS = "contacts", "People we may text"
        OPT_OUTS = "opt_outs", "People we must not text"

    class Existing(models.TextChoices):
        """What happens to contacts that we have already."""

        UPDATE = "update", "Update them from the file"
        FILL = "fill", "Only fill in what we do not know yet"
        SKIP = "skip", "Leave them alone; only add new people"

    WORKING = (Status.UPLOADED, Status.IMPORTING, Status.UNDOING)
    UNCONFIRMED = (Status.UPLOADED, Status.ASKING, Status.PREVIEWED)
    COUNTED = (Status.PREVIEWED, Status.IMPORTING, Status.IMPORTED, Status.UNDOING, Status.UNDONE)

    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    stored_file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    purpose = models.CharField(max_length=16, choices=Purpose.choices, default=Purpose.CONTACTS)
    region = models.CharField(max_length=2, default="US", help_text="Country of numbers that name none.")
    existing = models.CharField(max_length=8, choices=Existing.choices, default=Existing.UPDATE)
    blanks_overwrite = models.BooleanField(default=False, help_text="A blank cell empties the field.")
    lists = models.ManyToManyField(ContactList, blank=True, related_name="imports", verbose_name="add to lists")
    new_list = models.CharField(max_length=200, blank=True, help_text="A list that the confirmation makes.")
    consent_source = models.CharField(max_length=16, blank=True, choices=Contact.ConsentSource.choices)
    consent_at = models.DateTimeField(null=True, blank=True)
    consent_text = models.TextField(blank=True)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.UPLOADED)
    problem = models.TextField(blank=True, help_text="Why the file could not be read.")
    # What staff answered: encoding, delimiter, sheet, header_row, mapping; `settled` if there is nothing more to ask.
    answers = models.JSONField(default=dict, blank=True)
    # How the file was read: the same, its columns with samples, the doubts, and the notes made while reading.
    reading = models.JSONField(default=dict, blank=True)
    # Grows with every reading and every corrected row; a confirmation names the one that was looked at.
    version = models.PositiveIntegerField(default=0)
    expected_rows = models.PositiveIntegerField(null=True, blank=True, help_text="About, while the file is read.")
    read_through = models.PositiveIntegerField(default=0, help_text="Number of the last row that is staged.")
    applied_through = models.PositiveIntegerField(default=0, help_text="Number of the last row that is imported.")
    undone_through = models.PositiveIntegerField(default=0, help_text="Number of the last row that is undone.")
    done_rows = models.PositiveIntegerField(default=0, help_text="Of the step under way, for the progress bar.")
    step_started_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(default=timezone.now, help_text="When a worker last got on with it.")

    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    opted_out = models.PositiveIntegerField(default=0)
    shared = models.PositiveIntegerField(default=0)
    warned = models.PositiveIntegerField(default=0)
    # What the undoing did, by the words of `contacts.importing.undoing.Undone`.
    undone = models.JSONField(default=dict, blank=True)

    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    purged_at = models.DateTimeField(null=True, blank=True, help_text="When the file and its rows were deleted.")

    class Meta:
        ordering = ["-id"]
        verbose_name = "import"
        constraints = [
            # Promise 4: the five fates add up to the rows.
            models.CheckConstraint(
                condition=Q(rows=F("created") + F("updated") + F("unchanged") + F("skipped") + F("rejected")),
                name="the_fates_of_an_import_add_up",
            ),
            models.CheckConstraint(
                condition=Q(consent_at__isnull=True) | ~Q(consent_source=""),
                name="an_import_with_a_consent_date_has_a_source",
            ),
        ]
        indexes = [
            # What the clock looks for: work that stopped, and what nobody confirmed.
            models.Index(fields=["status", "touched_at"], name="imports_by_status")
        ]
        permissions = [("undo_contactimport", "Can undo an import")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def taken(self) -> int:
        """Rows that are, or will be, contacts."""
        return self.created + self.updated + self.unchanged

    @property
    def is_opt_outs(self) -> bool:
        """Is it a list of people who must not be texted?"""
        return self.purpose == self.Purpose.OPT_OUTS


class ImportRow(models.Model):
    """One row of a spreadsheet, its number as a spreadsheet program shows it, and exactly one fate."""

    class Fate(models.TextChoices):
        """What the import does, or did, with the row."""

        CREATED = "created", "New"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        SKIPPED = "skipped", "Skipped"
        REJECTED = "rejected", "Rejected"

    TAKEN = (Fate.CREATED, Fate.UPDATED, Fate.UNCHANGED)

    # Only the importer writes rows, under the lock on their import: a million checks would say nothing new.
    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, related_name="import_rows", db_index=False, db_constraint=False
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
    # Field to [before, after]; what the import would change, then what it did change.
    changes = models.JSONField(default=dict)
    opted_out = models.BooleanField(default=False)
    # The number stands with another name in the file or in the contacts: a household, or a wrong number.
    shared = models.BooleanField(default=False)
    edited = models.BooleanField(default=False, help_text="Corrected on the page.")

    class Meta:
        ordering = ["number"]
        constraints = [
            # Also the index by which a preview is paged and the import goes on.
            models.UniqueConstraint(fields=["contact_import", "number"], name="a_row_number_stands_once_in_an_import"),
            # Also the index that finds a duplicate, and the imports that a contact came through.
            models.UniqueConstraint(
                fields=["phone", "contact_import"],
                condition=Q(fate__in=["created", "updated", "unchanged"]),
                name="an_import_takes_a_number_once",
            ),
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
            # The tabs of the preview. New and unchanged rows are found by their number: a file has mostly one of them.
            models.Index(
                fields=["contact_import", "fate", "number"],
                condition=Q(fate__in=["updated", "skipped", "rejected"]),
                name="import_rows_to_look_at",
            ),
            # What is flagged is rare, so these are small.
            models.Index(
                fields=["contact_import", "number"], condition=Q(opted_out=True), name="import_rows_opted_out"
            ),
            models.Index(fields=["contact_import", "number"], condition=Q(shared=True), name="import_rows_shared"),
            models.Index(fields=["contact_import", "number"], condition=~Q(warnings=[]), name="import_rows_warned"),
        ]

    def __str__(self) -> str:
        return f"row {self.number}"
