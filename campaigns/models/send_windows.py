"""When the business texts: hours for each day of the week."""

from datetime import time

from django.db import models
from django.db.models import F, Q


class SendWindow(models.Model):
    """The hours of one weekday, counted where the person is. A day without a row is closed.

    The law of the place may leave less; `campaigns.timing` takes both together.
    """

    class Weekday(models.IntegerChoices):
        """As ISO 8601 counts."""

        MONDAY = 1, "Monday"
        TUESDAY = 2, "Tuesday"
        WEDNESDAY = 3, "Wednesday"
        THURSDAY = 4, "Thursday"
        FRIDAY = 5, "Friday"
        SATURDAY = 6, "Saturday"
        SUNDAY = 7, "Sunday"

    # 47 CFR 64.1200(c)(1) allows 8 a.m. to 9 p.m.; ours start later and end earlier because some states do.
    OPENS, CLOSES = time(9), time(20)

    account = models.ForeignKey("campaigns.Account", on_delete=models.CASCADE, related_name="windows", db_index=False)
    weekday = models.PositiveSmallIntegerField("day", choices=Weekday.choices)
    opens = models.TimeField("from", default=OPENS, help_text="No text before this hour where the person is.")
    closes = models.TimeField("until", default=CLOSES, help_text="No text from this hour on.")

    class Meta:
        ordering = ["weekday"]
        verbose_name = "send window"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "weekday"],
                name="an_account_has_one_window_a_day",
                violation_error_message="This day has a window already.",
            ),
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")),
                name="a_send_window_opens_before_it_closes",
                violation_error_message="The earliest hour must come before the latest.",
            ),
            models.CheckConstraint(condition=Q(weekday__gte=1, weekday__lte=7), name="a_week_has_seven_days"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()}, {self.opens:%H:%M} to {self.closes:%H:%M}"
