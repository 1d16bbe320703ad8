"""Is now a lawful hour for this person? The one place where the inbox asks."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from campaigns import timing
from campaigns.models import Account
from contacts.models import Contact
from conversations.wording import zone_of


@dataclass(frozen=True, slots=True)
class Hours:
    """The person's send window, UTC: `opens` is now or to come; both are None where no hour is lawful.

    `reasons` are sentences for staff; the other two tell times on the person's clock.
    """

    opens: datetime | None
    closes: datetime | None
    is_open: bool
    their_now: str
    their_opening: str
    reasons: list[str] = field(default_factory=list)


def hours_of(contact: Contact, account: Account) -> Hours:
    """The stretch that is open now, else the next one."""
    now = timezone.now()
    lawful = timing.next_lawful_minute(contact.phone, contact.time_zone, account, now)
    opens, closes = (lawful.window.opens, lawful.window.closes) if lawful.window else (None, None)
    their_opening = on_their_clock(opens, contact) if opens else ""
    return Hours(opens, closes, lawful.now, on_their_clock(now, contact), their_opening, lawful.reasons)


def on_their_clock(at: datetime, contact: Contact) -> str:
    """The time where they are; where the number tells no single zone, on the reader's clock with its zone."""
    zone = zone_of(contact)
    local = at.astimezone(zone) if zone else timezone.localtime(at)
    day = "" if local.date() == timezone.now().astimezone(local.tzinfo).date() else f"{local:%a %b} {local.day}, "
    return f"{day}{local:%-I:%M %p} {local:%Z}"
