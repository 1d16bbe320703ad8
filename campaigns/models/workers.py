"""The processes that send, so that they can share an account's connections and staff can see them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.models.accounts import Account
from campaigns.models.modes import Mode


class Worker(models.Model):
    """One process with a sending engine. It says every second that it lives; a clean stop removes its row.

    `seen_at` is the database's clock (UTC). Nothing depends on a row for safety: leases and fences hold without it.
    """

    host = models.CharField(max_length=200)
    process = models.PositiveIntegerField(help_text="Its number on that host.")
    mode = models.CharField(max_length=16, choices=Mode.choices)
    started_at = models.DateTimeField("working since", db_default=Now())
    seen_at = models.DateTimeField("last seen", db_default=Now())
    stopping = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.host}, process {self.process}"


class WorkerShare(models.Model):
    """How many of an account's connections a worker may use (`slots`), and what it holds just now.

    The slots of all living workers never exceed the account's in-flight limit; `campaigns.sending.sharing` sees to it.
    """

    worker = models.ForeignKey(Worker, on_delete=models.CASCADE, related_name="shares", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    slots = models.PositiveIntegerField(default=0)
    in_flight = models.PositiveIntegerField("under way", default=0)
    claimed = models.PositiveIntegerField("next in line", default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worker", "account"], name="a_worker_has_one_share_of_an_account"),
            models.CheckConstraint(
                condition=Q(in_flight__lte=models.F("slots")), name="a_share_covers_what_is_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slots} of {self.account}"
