"""One message, or one task for the agent, to many people."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.models.accounts import Agent, Trigger
from campaigns.models.modes import Mode
from campaigns.models.segments import Segment
from contacts.models import Contact, ContactList

# Ten concatenated parts; Revmo documents no limit, carriers cut long before that.
MAX_TEXT_LENGTH = 1600


class Campaign(models.Model):
    """Who gets what, and when.

        draft -> (approved) -> launching -> (scheduled) -> running <-> paused
          \\                                   |            |          |
           \\-> canceled <---------------------+------------+----------+     running -> finished
        finished -> running: something of it is sent again

    Every arrow is one guarded update in `campaigns.launching`, `campaigns.steering` or `campaigns.sending`. The mode is
    fixed at launch; from then on the form is locked.
    """

    class Status(models.TextChoices):
        """How far the campaign has come."""

        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        SCHEDULED = "scheduled", "Scheduled"
        LAUNCHING = "launching", "Launching"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        CANCELED = "canceled", "Canceled"

    EDITABLE = (Status.DRAFT, Status.APPROVED)
    UNDER_WAY = (Status.SCHEDULED, Status.LAUNCHING, Status.RUNNING, Status.PAUSED)
    OVER = (Status.FINISHED, Status.CANCELED)

    name = models.CharField(max_length=200)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="campaigns")
    # Who: everybody on a list, in a segment or named here, except those below; `campaigns.audience` asks for them.
    lists = models.ManyToManyField(ContactList, related_name="campaigns", verbose_name="lists", blank=True)
    segments = models.ManyToManyField(Segment, related_name="campaigns", verbose_name="segments", blank=True)
    people = models.ManyToManyField(Contact, related_name="+", verbose_name="single people", blank=True)
    excluded_lists = models.ManyToManyField(ContactList, related_name="+", verbose_name="nobody on", blank=True)
    excluded_segments = models.ManyToManyField(
        Segment, related_name="excluding_campaigns", verbose_name="nobody in", blank=True
    )
    excluded_people = models.ManyToManyField(Contact, related_name="+", verbose_name="not these people", blank=True)
    excluded_recipients = models.ManyToManyField(
        "self", symmetrical=False, related_name="+", verbose_name="nobody who got", blank=True
    )
    excluded_silent = models.ManyToManyField(
        "self", symmetrical=False, related_name="+", verbose_name="nobody who got and did not answer", blank=True
    )
    rest_hours = models.PositiveIntegerField(
        "hours since their last text", null=True, blank=True, help_text="Nobody who had a text since. Empty: no rule."
    )
    skip_open_conversations = models.BooleanField("nobody with an open conversation", default=False)
    message = models.TextField(
        blank=True,
        validators=[MaxLengthValidator(MAX_TEXT_LENGTH)],
        help_text='Merge tags such as {{ first_name | default: "there" }} are filled in for every person.',
    )
    trigger = models.ForeignKey(Trigger, on_delete=models.PROTECT, null=True, blank=True, related_name="campaigns")
    metadata = models.JSONField(
        "what the agent should know",
        default=dict,
        blank=True,
        help_text="Names and values; a value may contain merge tags.",
    )
    agent_enabled = models.BooleanField(
        "the agent answers replies",
        default=True,
        help_text="Switched off, the text stands alone: nobody but your staff answers what comes back.",
    )
    any_hour = models.BooleanField(
        "at any hour",
        default=False,
        help_text="Only for texts that people wait for. Lifts the send windows and the quiet hours of the law.",
    )
    # When: `campaigns.timing` and `campaigns.rehearsal` make each person's minute of it.
    scheduled_at = models.DateTimeField("not before", null=True, blank=True)
    each_own_clock = models.BooleanField(
        "on each person's own clock",
        default=False,
        db_default=False,
        help_text="Not before that hour where the person is, instead of where the business is.",
    )
    spread_minutes = models.PositiveIntegerField(
        "spread over",
        null=True,
        blank=True,
        help_text="Minutes over which the texts are spread evenly. Empty: at once.",
    )
    expires_at = models.DateTimeField(
        "not after", null=True, blank=True, help_text="What is not sent by then stays unsent."
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT, editable=False)
    mode = models.CharField(max_length=16, choices=Mode.choices, blank=True, editable=False)
    pause_reason = models.TextField(blank=True, editable=False)
    # Grows with every save of the draft: whoever saves says which one they saw (`campaigns.revising`).
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField("created", auto_now_add=True)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    launched_at = models.DateTimeField("launched", null=True, editable=False)
    launched_rehearsal = models.ForeignKey(
        "campaigns.Rehearsal",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The snapshot whose texts these are.",
    )
    launched_through = models.CharField(
        max_length=16,
        blank=True,
        db_default="",
        editable=False,
        help_text="The last number of the snapshot whose text is queued.",
    )
    filled_at = models.DateTimeField(
        default=timezone.now, db_default=Now(), editable=False, help_text="When texts of the launch were last queued."
    )
    begins_at = models.DateTimeField(
        "begins", null=True, editable=False, help_text="When the first text is due; set at launch."
    )
    finished_at = models.DateTimeField("finished", null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(message="") | Q(trigger__isnull=False),
                name="a_campaign_has_a_message_or_a_trigger",
                violation_error_message="Write a message or choose a trigger; without either nothing would be said.",
            ),
            # Promise 7: a draft has no mode yet, whatever was launched has one.
            models.CheckConstraint(
                condition=Q(status__in=["draft", "approved"], mode="")
                | Q(
                    status__in=["scheduled", "launching", "running", "paused", "finished"],
                    mode__in=Mode.values,
                )
                | Q(status="canceled"),
                name="a_campaign_gets_its_mode_at_launch",
            ),
            models.CheckConstraint(
                condition=Q(each_own_clock=False) | Q(scheduled_at__isnull=False),
                name="a_clock_of_their_own_needs_a_time",
                violation_error_message="Say from which hour on, on each person's own clock.",
            ),
            models.CheckConstraint(
                condition=Q(spread_minutes__isnull=True) | Q(spread_minutes__gte=1, spread_minutes__lte=10_080),
                name="texts_are_spread_over_a_week_at_most",
                violation_error_message="Spread the texts over a week at most.",
            ),
            models.CheckConstraint(
                condition=~Q(status="paused") | ~Q(pause_reason=""), name="a_paused_campaign_says_why"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["finished", "canceled"]) | Q(finished_at__isnull=True),
                name="only_a_campaign_that_is_over_has_an_end",
            ),
        ]
        indexes = [
            # The worker's round and the dashboard: campaigns that are under way.
            models.Index(
                fields=["status"],
                condition=Q(status__in=["scheduled", "launching", "running", "paused"]),
                name="campaigns_under_way",
            )
        ]
        permissions = [
            ("approve_campaign", "Can approve a colleague's campaign"),
            ("launch_campaign", "Can launch a campaign"),
            ("pause_campaign", "Can pause and resume a campaign"),
            ("cancel_campaign", "Can cancel a campaign"),
            ("test_campaign", "Can send a test"),
            ("lift_hours_campaign", "Can let a campaign text at any hour"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def editable(self) -> bool:
        """May the form still be changed?"""
        return self.status in self.EDITABLE
