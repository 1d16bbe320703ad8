"""The time at which a question is asked. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    """The instant at which a question is asked, and the zone and the day of the business.

    A question that is asked again later, to see whether its answer still holds, keeps the instant: else "texted in the
    last day" would have other people every second. The day it does not keep: "today" is never yesterday.
    """

    now: datetime
    zone: ZoneInfo
    day: date | None = None

    @property
    def today(self) -> date:
        """The day where the business is."""
        return self.day or self.now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """When the day begins there."""
        return datetime.combine(day, time.min, self.zone)

    def ago(self, days: int) -> datetime:
        """So many times 24 hours back."""
        return self.now - timedelta(days=days)
