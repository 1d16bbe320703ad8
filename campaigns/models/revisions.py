"""Who changed what in a draft or a segment, and when."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from campaigns.models.segments import Segment


class Revision(models.Model):
    """One save of a draft or of a segment, under the version that it made.

    `changes` is a list of `{"field", "part", "was", "became", "before", "after"}`: the field's values as they stand in
    the database (keys of records, ISO 8601 for times), and the part of the page that it belongs to in words. Only
    `campaigns.revising` writes here.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, null=True, related_name="revisions", db_index=False
    )
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, null=True, related_name="revisions", db_index=False)
    version = models.PositiveIntegerField()
    note = models.CharField(max_length=250, blank=True, help_text="How it began.")
    changes = models.JSONField(default=list)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, segment__isnull=True)
                | Q(campaign__isnull=True, segment__isnull=False),
                name="a_revision_is_of_a_draft_or_of_a_segment",
            ),
            # Also the indexes by which a page reads its history.
            models.UniqueConstraint(fields=["campaign", "version"], name="a_version_of_a_draft_is_made_once"),
            models.UniqueConstraint(fields=["segment", "version"], name="a_version_of_a_segment_is_made_once"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.words}"

    @property
    def who(self) -> str:
        """Whoever it was, by name."""
        return (self.changed_by.get_full_name() or self.changed_by.get_username()) if self.changed_by else "A script"

    @property
    def words(self) -> str:
        """What was done, to follow the name."""
        if self.note:
            return self.note
        parts = [change["part"] for change in self.parts()]
        return f"changed {', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else f"changed {parts[0]}"

    def parts(self) -> list[dict[str, Any]]:
        """The changes, one for each part of the page."""
        return list({change["part"]: change for change in self.changes}.values())
