"""Each person's minute: the campaign's time, spread, on whose clock, and then the next lawful moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import Campaign
from campaigns.places import Whereabouts
from campaigns.timing import Hours, no_hour
from campaigns.windows import DAYS_AHEAD, Openings, local_time


@dataclass(frozen=True, slots=True)
class Slot:
    """When one text is due and its window ends (None: at any hour); or why it has no time. UTC."""

    due_at: datetime | None = None
    window_ends_at: datetime | None = None
    too_late: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """All who share clocks and laws: when the campaign begins for them, and when texts to them are lawful."""

    begins: datetime
    openings: Openings


class Plan:
    """A campaign's times, worked out once for everybody who shares clocks and laws. Deterministic."""

    def __init__(self, campaign: Campaign, now: datetime, people: int) -> None:
        self.campaign = campaign
        self._now = now
        self._hours = Hours(campaign.agent.account)
        self._spread = timedelta(minutes=campaign.spread_minutes or 0)
        self._people = max(people, 1)
        self._groups: dict[Whereabouts, _Group] = {}

    def slot(self, where: Whereabouts, place: int) -> Slot:
        """For somebody who stands at `place` of the audience, counted from 0: the spread goes by it."""
        group = self._groups.get(where) or self._groups.setdefault(where, self._group(where))
        offset = self._spread * min(place / self._people, 1)
        due, ends = group.begins + offset, None
        if not self.campaign.any_hour:
            # Lawful hours alone count, so that nobody waits for a morning together with all others.
            window = group.openings.after(group.begins, offset) or group.openings.at(due)
            if window is None:
                return Slot(reason=no_hour(where))
            due, ends = window.opens, window.closes
        last = self.campaign.expires_at
        if last is not None and due >= last:
            return Slot(too_late=True, reason="Their next lawful minute comes after the campaign's last one.")
        return Slot(due, ends)

    def zones(self, where: Whereabouts) -> tuple[str, ...]:
        """Their candidate clocks."""
        return self._hours.zones(where)

    def _group(self, where: Whereabouts) -> _Group:
        begins = max(self._now, self._scheduled(where))
        if self.campaign.any_hour:
            return _Group(begins, Openings(()))
        return _Group(begins, self._hours.openings(where, begins, DAYS_AHEAD + 3 * self._spread.days))

    def _scheduled(self, where: Whereabouts) -> datetime:
        at = self.campaign.scheduled_at
        if at is None:
            return self._now
        if not self.campaign.each_own_clock:
            return at
        wall = at.astimezone(ZoneInfo(self.campaign.agent.account.time_zone)).replace(tzinfo=None)
        return local_time(wall, self._hours.zones(where))
