"""Saved questions about contacts."""

from django.conf import settings
from django.db import models


class Segment(models.Model):
    """Whoever fits a question at the moment it is asked, unlike a list, which is fixed.

    `question` is the tree of `campaigns.segmenting.trees`.
    """

    name = models.CharField(max_length=200, unique=True)
    question = models.JSONField(default=dict)
    # Grows with every save: whoever saves says which one they saw (`campaigns.revising`).
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField("created", auto_now_add=True)
    updated_at = models.DateTimeField("changed", auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="a_segment_has_a_name")]

    def __str__(self) -> str:
        return self.name
