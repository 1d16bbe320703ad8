"""Spreadsheets that a worker writes for staff."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from contacts.models.files import StoredFile


class ContactExport(models.Model):
    """Contacts, or the rejected rows of an import, on their way into a file that one person asked for.

    waiting -> ready -> expired; waiting -> failed. The file is kept for a day.
    """

    class Status(models.TextChoices):
        """How far the file has come."""

        WAITING = "waiting", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Deleted after a day"

    # What is exported, as the change list's query or the import's id; read by `contacts.exporting`.
    question = models.JSONField(default=dict)
    file_name = models.CharField(max_length=255)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WAITING)
    problem = models.TextField(blank=True)
    rows = models.PositiveIntegerField(default=0)
    expected_rows = models.PositiveIntegerField(default=0)
    stored_file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(default=timezone.now, help_text="When a worker last got on with it.")

    class Meta:
        ordering = ["-id"]
        verbose_name = "export"
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(stored_file__isnull=False), name="a_ready_export_has_its_file"
            )
        ]

    def __str__(self) -> str:
        return self.file_name
