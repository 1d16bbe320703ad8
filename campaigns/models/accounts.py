"""Settings of staff for a Revmo account, its agents, and what an agent can be asked to do."""

from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q

from campaigns.models.modes import Mode
from campaigns.models.send_windows import SendWindow
from revmo.agent_ids import check_agent_id


def validate_time_zone(name: str) -> None:
    """Refuse what is no IANA zone."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as America/New_York.")


def validate_agent_id(text: str) -> None:
    """Refuse what Revmo's guide would not call an agent id (base64)."""
    try:
        check_agent_id(text)
    except ValueError as problem:
        raise ValidationError(str(problem)) from problem


class Account(models.Model):
    """What staff decide about one Revmo account. Addresses and secrets stay in the environment.

    `paused_at` is the account's brake: while it is set, no further intent to send is committed for any of its agents.
    """

    name = models.CharField("business name", max_length=200, unique=True)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    region = models.CharField("country", max_length=2, default="US", help_text="Of numbers that name no country.")
    messages_per_second = models.PositiveIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    in_flight_limit = models.PositiveIntegerField(
        "texts under way at once",
        default=32,
        validators=[MinValueValidator(1), MaxValueValidator(1_000)],
        help_text="Also the most texts whose fate could be unknown after a crash of a worker.",
    )
    daily_allowance = models.PositiveIntegerField(
        null=True, blank=True, help_text="Texts a day in the account's time zone. Empty: no limit of ours."
    )
    segment_price = models.DecimalField(
        "price of a part",
        max_digits=9,
        decimal_places=5,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What Revmo or the carrier charges for each part of a text. Empty: no cost is shown.",
    )
    currency = models.CharField(max_length=3, default="USD", db_default="USD", help_text="Of the price: USD, EUR …")
    approval_above = models.PositiveIntegerField(
        "a second person approves above",
        null=True,
        blank=True,
        help_text="So many people; a campaign to more needs a colleague's approval. Empty: never.",
    )
    count_typed_above = models.PositiveIntegerField(
        "the number is typed above",
        default=500,
        db_default=500,
        help_text="Whoever launches to more people types their number.",
    )
    # The brakes of a campaign; 0 lifts one.
    brake_unknowns = models.PositiveSmallIntegerField(
        "unknowns in a row",
        default=10,
        db_default=10,
        help_text="So many texts in a row of which nobody can say whether they left stop the campaign.",
    )
    brake_failures = models.PositiveSmallIntegerField(
        "failures in a hundred",
        default=20,
        db_default=20,
        validators=[MaxValueValidator(100)],
        help_text="So many failed or unknown among the last hundred stop the campaign.",
    )
    brake_opt_outs = models.PositiveSmallIntegerField(
        "opt-outs in a hundred",
        default=5,
        db_default=5,
        validators=[MaxValueValidator(100)],
        help_text="So many opt-outs for each hundred texts, and five in all, stop the campaign.",
    )
    brake_complaints = models.PositiveSmallIntegerField(
        "complaints", default=3, db_default=3, help_text="So many replies with a word below stop the campaign."
    )
    complaint_words = models.TextField(
        default="spam, scam, fraud, harassment, lawyer, attorney, lawsuit, police, report you",
        db_default="spam, scam, fraud, harassment, lawyer, attorney, lawsuit, police, report you",
        blank=True,
        help_text="Separated by commas.",
    )
    opt_out_words = models.TextField(
        "more words that stop texts",
        blank=True,
        default="",
        db_default="",
        help_text="Besides STOP, UNSUBSCRIBE and the like in a dozen languages. Separated by commas.",
    )
    not_opt_out_words = models.TextField(
        "words that do not",
        blank=True,
        default="",
        db_default="",
        help_text="Built-in words that mean something else to your customers, such as BAJA: a person looks at them "
        "instead. STOP, QUIT, END, REVOKE, OPT OUT, CANCEL and UNSUBSCRIBE always stop texts.",
    )
    start_lifts = models.BooleanField(
        "START lifts their opt-out",
        default=False,
        db_default=False,
        help_text="Of people who texted STOP themselves, where Revmo has signed the event. Otherwise a person decides.",
    )
    help_answer = models.TextField(
        "answer to HELP",
        blank=True,
        default="",
        db_default="",
        max_length=320,
        help_text="Your name, how to reach you, and that STOP ends texts. Empty: Revmo or the carrier answers.",
    )
    opt_out_confirmation = models.TextField(
        "answer to STOP",
        blank=True,
        default="",
        db_default="",
        max_length=320,
        help_text="Only if neither Revmo nor the carrier answers STOP: one text within five minutes, no offer. "
        "Empty, as it should be unless you know: nothing is sent.",
    )
    paused_at = models.DateTimeField("paused since", null=True, blank=True, editable=False)
    pause_reason = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = "account"
        constraints = [
            models.CheckConstraint(
                condition=Q(messages_per_second__gte=1) & Q(in_flight_limit__gte=1),
                name="an_account_sends_at_some_rate",
            ),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True) | ~Q(pause_reason=""), name="a_paused_account_says_why"
            ),
        ]
        permissions = [("resume_account", "Can let an account send again that was stopped")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new account has its send windows at once, since a day without one is closed."""
        new = self._state.adding
        with transaction.atomic():
            super().save(*args, **kwargs)
            if new:
                SendWindow.objects.bulk_create(
                    SendWindow(account=self, weekday=weekday) for weekday in SendWindow.Weekday
                )


class Pace(models.Model):
    """The account's token bucket and today's count, shared by all workers; apart from `Account`, which people edit.

    `refilled_at` is UTC; `day` is the day in the account's time zone that `used_today` counts.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="paces", db_index=False)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField(null=True)
    slowed_at = models.DateTimeField(null=True)
    halved_at = models.DateTimeField(null=True)
    slow_factor = models.FloatField(default=1)
    day = models.DateField(null=True)
    used_today = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "mode"], name="an_account_has_one_pace_a_mode")]

    def __str__(self) -> str:
        return f"{self.account} ({self.mode})"


class Agent(models.Model):
    """One of the business's Revmo agents."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="agents")
    name = models.CharField(max_length=200, unique=True)
    agent_id = models.CharField(
        "agent id",
        max_length=200,
        unique=True,
        validators=[validate_agent_id],
        help_text="From the account page at Revmo; letters, digits and = at the end.",
    )
    is_default = models.BooleanField("default", default=False, help_text="Taken where nobody chooses one.")

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="there_is_one_default_agent",
                violation_error_message="Another agent is the default already. Change that one first.",
            ),
            models.CheckConstraint(
                condition=Q(agent_id__regex=r"^[A-Za-z0-9+/_-]+={0,2}$"), name="an_agent_id_is_base64"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Trigger(models.Model):
    """The phrase that launches a task of an agent, as it is set up at Revmo."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="triggers", db_index=False)
    phrase = models.CharField(max_length=200, help_text="Exactly as at Revmo, for example appointment_reminder.")
    description = models.TextField(blank=True, help_text="What the agent does then, in words for your colleagues.")

    class Meta:
        ordering = ["phrase"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "phrase"], name="an_agent_knows_a_phrase_once"),
            models.CheckConstraint(condition=~Q(phrase=""), name="a_trigger_has_a_phrase"),
        ]

    def __str__(self) -> str:
        return self.phrase
