"""What a launch will do, in one sentence, and the numbers behind it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from campaigns import forecasting
from campaigns.hours_wording import clock
from campaigns.models import Campaign, Mode, Rehearsal
from campaigns.sending import pacing
from campaigns.summaries import HOUR, Summary

# A launch that takes no longer is told as a moment.
MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """When the first and the last text leave (UTC), and the same on people's own clocks, without a zone."""

    first: datetime
    last: datetime | None
    first_local: datetime
    last_local: datetime | None

    @property
    def takes(self) -> timedelta | None:
        """From the first to the last."""
        return self.last - self.first if self.last else None


def outlook(campaign: Campaign, summary: Summary) -> Outlook | None:
    """At the account's rate and daily allowance; None where nobody gets anything."""
    if not summary.due:
        return None
    account = campaign.agent.account
    first, last_due = datetime.fromisoformat(summary.first_due), datetime.fromisoformat(summary.last_due)
    # An hour's texts are told to be due at its beginning, the first hour's when the first of them is.
    due = {max(first, datetime.strptime(hour, HOUR).replace(tzinfo=UTC)): n for hour, n in summary.due.items()}
    left = pacing.left_today(account, Mode.current(), first)
    ends = forecasting.finish(due, account.messages_per_second, account.time_zone, account.daily_allowance, left)
    last = max(ends, last_due) if ends else None
    first_local, last_local = (datetime.fromisoformat(at) for at in (summary.first_local, summary.last_local))
    late = last - last_due if last else None
    return Outlook(first, last, first_local, last_local + late if late is not None else None)


def sentence(campaign: Campaign, snapshot: Rehearsal, ahead: Outlook | None) -> str:
    """`4,812 people will get a text between 9:00 and 11:40 their time; 188 are held back.`"""
    held = (
        f"; {snapshot.held_back:,} {'is' if snapshot.held_back == 1 else 'are'} held back" if snapshot.held_back else ""
    )
    if ahead is None:
        return f"Nobody would get this text{held}."
    people = f"{snapshot.will_send:,} {'person' if snapshot.will_send == 1 else 'people'} will get a text"
    hours = ", whatever the hour" if campaign.any_hour else ""
    return f"{people} {_between(ahead)} their time{hours}{held}."


def _between(ahead: Outlook) -> str:
    first, last = ahead.first_local, ahead.last_local
    if last is None:
        return f"from {_moment(first)} on"
    if last - first < MOMENT:
        return f"at {_moment(first)}"
    if first.date() == last.date():
        return f"between {clock(first)} and {clock(last)} on {_day(first)},"
    return f"between {_moment(first)} and {_moment(last)},"


def _moment(at: datetime) -> str:
    return f"{clock(at)} on {_day(at)},"


def _day(at: datetime) -> str:
    return f"{at:%A, %b} {at.day}"


def cost(campaign: Campaign, snapshot: Rehearsal) -> str:
    """`361.20 USD for 7,224 parts`; empty where no price is known or the agent writes the texts."""
    account = campaign.agent.account
    if account.segment_price is None or not snapshot.segments:
        return ""
    total = (account.segment_price * snapshot.segments).quantize(Decimal("0.01"))
    return f"{total:,} {account.currency}"
