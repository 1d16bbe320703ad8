"""What the brake of a campaign has counted."""

from django.db import models

from campaigns.models.campaigns import Campaign


class Brake(models.Model):
    """One campaign's counts, shared by all workers; `campaigns.sending.brakes` writes and reads them.

    `seen` and `bad` cover about the last hundred answers: at a hundred both are halved. `accepted` counts all. What
    opted out or complained is counted since somebody last resumed the campaign, with samples of the words.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="brake")
    unknowns_in_a_row = models.PositiveIntegerField(default=0, db_default=0)
    seen = models.PositiveIntegerField(default=0, db_default=0)
    bad = models.PositiveIntegerField(default=0, db_default=0)
    accepted = models.PositiveIntegerField(default=0, db_default=0)
    opted_out = models.PositiveIntegerField(default=0, db_default=0)
    complaints = models.PositiveIntegerField(default=0, db_default=0)
    samples = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    def __str__(self) -> str:
        return f"brake of {self.campaign}"
