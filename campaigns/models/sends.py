"""The queue and the log: one row is one call to `startsms` owed to one number."""

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.core.signing import Signer
from django.db import models
from django.db.models import Case, CharField, F, Func, IntegerField, Q, Value, When
from django.db.models.functions import Least, Length, Now, Reverse
from django.db.models.lookups import Exact, GreaterThanOrEqual, Range

from campaigns.models.accounts import Agent
from campaigns.models.campaigns import Campaign
from campaigns.models.modes import Mode
from contacts.models import Contact, PhoneField


class Send(models.Model):
    """One text owed to one number.

        queued -> claimed -> posting -> accepted
          ^  ^       |          |-----> failed
          |  +-------+          |-----> unknown -> accepted (signed evidence only)
          +---------------------+
        queued, claimed -> suppressed | expired | canceled

    Every arrow is one guarded update; claim, intent and result carry the fence. What ended stays as it ended: a
    database trigger refuses to move it. Text and metadata are frozen at launch. `delivery` is what the carrier said,
    a column apart that only moves forward (another trigger). Times are UTC.

    No index knows a column that the intent changes, so that the intent writes none of them (docs/decisions/0052). They
    know the `stage`: long lists ask by `in_states`.
    """

    class Kind(models.TextChoices):
        """Why the text is owed."""

        CAMPAIGN = "campaign", "Campaign"
        TEST = "test", "Test"
        REPLY = "reply", "Reply"

    class State(models.TextChoices):
        """What we know about the call."""

        QUEUED = "queued", "Waiting"  # may be sent when due
        CLAIMED = "claimed", "Next in line"  # leased by a worker, nothing has left; safe to requeue
        POSTING = "posting", "Being sent"  # intent committed before the socket opens; bytes may have left
        ACCEPTED = "accepted", "Sent"  # Revmo said yes
        UNKNOWN = "unknown", "Unknown"  # may or may not have been sent: rests until evidence
        FAILED = "failed", "Failed"  # Revmo did not act on it, and will not
        SUPPRESSED = "suppressed", "Opted out"  # opted out or unreachable at the last check
        EXPIRED = "expired", "Too late"  # the window or the campaign was over
        CANCELED = "canceled", "Canceled"  # staff

    class Delivery(models.TextChoices):
        """What the carrier said; forward only, and the first of the two ends stands."""

        NONE = "none", "No receipt"
        SENT = "sent", "On its way"
        DELIVERED = "delivered", "Delivered"
        UNDELIVERED = "undelivered", "Not delivered"

    UNSENT = (State.QUEUED, State.CLAIMED)
    OPEN = (State.QUEUED, State.CLAIMED, State.POSTING)
    # The stage of what a worker holds.
    HELD = (State.CLAIMED, State.POSTING)
    IN_HAND = "in_hand"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    # No index of its own: nothing reads sends by agent alone.
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="sends", db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, related_name="sends", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, related_name="sends", db_index=False)
    to = PhoneField("number")
    resend_number = models.SmallIntegerField(default=0)
    text = models.TextField(blank=True)
    trigger = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(default=dict)
    no_agent = models.BooleanField(default=False)
    form_token = models.UUIDField(null=True, help_text="Of the form that asked for it; a second press finds the first.")

    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    reason = models.TextField(blank=True)
    fence = models.IntegerField(default=0, help_text="Grows with every claim; an older holder cannot write.")
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0, help_text="Intents committed.")
    crashes = models.SmallIntegerField(default=0, help_text="Leases that ran out before an intent.")
    due_at = models.DateTimeField(db_default=Now())
    window_ends_at = models.DateTimeField(null=True, help_text="No intent from then on in this window.")
    expires_at = models.DateTimeField(null=True)
    thread_id = models.CharField(max_length=200, blank=True)
    http_status = models.SmallIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    posted_at = models.DateTimeField("sent", null=True)
    finished_at = models.DateTimeField(null=True)

    delivery = models.CharField(max_length=16, choices=Delivery.choices, default=Delivery.NONE)
    delivery_at = models.DateTimeField(null=True)
    delivery_error = models.CharField(max_length=500, blank=True)
    replied_at = models.DateTimeField(null=True)
    stage = models.GeneratedField(
        expression=Case(When(state__in=["claimed", "posting"], then=Value("in_hand")), default=F("state")),
        output_field=CharField(max_length=16),
        db_persist=True,
        help_text="The state as the indexes know it: what a worker holds is one.",
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "text"
        constraints = [
            # E.164, as everywhere, but without a regular expression: it is asked at each step of the queue.
            models.CheckConstraint(
                condition=Q(
                    Exact(Func("to", Value("0123456789"), function="rtrim", output_field=CharField()), Value("+")),
                    ~Q(to__startswith="+0"),
                    Range(Length("to"), (8, 16)),
                ),
                name="a_send_goes_to_an_e164_number",
            ),
            # Promise 1's last line of defence. The number stands first, so that the same index finds all texts to a
            # number, or to numbers that begin so: every index costs the queue an entry at claim and at result.
            models.UniqueConstraint(
                fields=["to", "campaign", "resend_number"],
                opclasses=["text_pattern_ops", "int8_ops", "int2_ops"],
                name="a_campaign_texts_a_number_once",
            ),
            models.UniqueConstraint(
                fields=["form_token"], condition=Q(form_token__isnull=False), name="a_form_sends_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="campaign", campaign__isnull=False, contact__isnull=False)
                | Q(kind="reply", campaign__isnull=True, contact__isnull=False)
                | Q(kind="test", campaign__isnull=True),
                name="the_kind_of_a_send_fixes_its_shape",
            ),
            # One for all: each is read and prepared anew by every statement of the queue.
            models.CheckConstraint(
                condition=GreaterThanOrEqual(
                    Least("fence", "attempts", "crashes", "resend_number", "http_status", output_field=IntegerField()),
                    Value(0),
                ),
                name="what_a_send_counts_is_not_negative",
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="a_send_has_one_of_two_modes"),
            models.CheckConstraint(condition=~Q(text="") | ~Q(trigger=""), name="a_send_has_a_text_or_a_trigger"),
            models.CheckConstraint(
                condition=Q(state__in=["claimed", "posting"], lease_until__isnull=False)
                | (~Q(state__in=["claimed", "posting"]) & Q(lease_until__isnull=True)),
                name="a_send_has_a_lease_while_a_worker_holds_it",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "claimed", "posting"], finished_at__isnull=True)
                | (~Q(state__in=["queued", "claimed", "posting"]) & Q(finished_at__isnull=False)),
                name="a_send_has_an_end_once_it_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["unknown", "failed", "suppressed", "expired", "canceled"]) | ~Q(reason=""),
                name="a_send_that_was_not_accepted_says_why",
            ),
            models.CheckConstraint(
                condition=Q(delivery="none") | Q(state__in=["posting", "accepted", "unknown"]),
                name="only_what_may_have_left_is_delivered",
            ),
        ]
        indexes = [
            # The claim: what is due, campaign by campaign; replies and tests stand under no campaign.
            models.Index(fields=["campaign", "due_at", "id"], condition=Q(stage="queued"), name="sends_that_are_due"),
            # The claim: what fails with one more crash, one by one. Whatever its state, lest the planner mistake the
            # index of all that is due for a short way to them.
            models.Index(fields=["id"], condition=Q(crashes__gte=2), name="sends_on_their_last_chance"),
            # The reaper, and whoever looks at what is under way. They are few, and soon let go.
            models.Index(fields=["id"], condition=Q(stage="in_hand"), name="sends_in_hand"),
            # Progress of a campaign, and its lists by state.
            models.Index(fields=["campaign", "stage", "delivery"], name="sends_of_a_campaign"),
            # The rail's badge and the tray of unknowns.
            models.Index(fields=["mode", "id"], condition=Q(stage="unknown"), name="sends_that_are_unknown"),
            # The dashboard and the history: what left on a day, which need not be the day of the launch. Versions of
            # rows are written in this order anyway, so blocks are enough; and no intent minds an index of blocks.
            BrinIndex(fields=["posted_at"], name="sends_by_day", pages_per_range=32),
            # What one person got: their conversation and their story. Sorted by whoever reads it.
            models.Index(fields=["contact"], name="sends_of_a_contact"),
            # An event of Revmo looks for its send.
            models.Index(fields=["thread_id"], condition=~Q(thread_id=""), name="sends_by_thread"),
            # Segments: who replied to a campaign. Replies are few, so the queue hardly ever writes here.
            models.Index(
                fields=["campaign", "contact"], condition=Q(replied_at__isnull=False), name="sends_with_a_reply"
            ),
            # History: by last digits. Who is in the contacts is found there.
            models.Index(
                OpClass(Reverse("to"), name="text_pattern_ops"),
                condition=Q(contact__isnull=True),
                name="sends_without_a_contact",
            ),
        ]
        permissions = [
            ("resolve_send", "Can note how an unknown text ended"),
            ("resend_send", "Can send a text again"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.to}"

    @classmethod
    def in_states(cls, *states: str) -> Q:
        """Those in one of the states, said so that the indexes can answer it."""
        stages = sorted({*states} - {*cls.HELD})
        held = sorted({*states} & {*cls.HELD})
        if len(held) == len(cls.HELD):
            return Q(stage__in=[*stages, cls.IN_HAND])
        found = Q(stage__in=stages)
        return found | Q(stage=cls.IN_HAND, state__in=held) if held else found

    @property
    def reference(self) -> str:
        """What travels in the metadata and comes back in events; signed, so that nobody can point at another send."""
        return reference_signer().sign(str(self.pk))


def reference_signer() -> Signer:
    """Signs and reads `Send.reference`."""
    return Signer(salt="campaigns.send", sep=".")
