"""The strip that every page carries: where texts go, and how many the account may still send today."""

from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from campaigns.models import Account, Mode, Pace

# A new name shows after this long, in seconds.
REMEMBERED = 10


def strip(request: HttpRequest) -> list[str]:
    """The words and their colour, as unfold wants them; nothing for strangers at the door."""
    if not request.user.is_staff:
        return []
    if Mode.current() == Mode.SIMULATOR:
        return ["SIMULATOR: nothing leaves this machine", "warning"]
    account = Account.objects.order_by("pk").first()
    return [f"LIVE. {allowance_left(account) if account else ''}".strip(), "success"]


def business_name(request: HttpRequest) -> str:
    """Whose admin this is; strangers at the door are not told."""
    if not request.user.is_staff:
        return ""
    found: str = cache.get_or_set("account.name", _name, REMEMBERED) or ""
    return found


def _name() -> str:
    return Account.objects.order_by("pk").values_list("name", flat=True).first() or ""


def allowance_left(account: Account) -> str:
    """Today's rest in words; empty where staff set no limit."""
    if account.daily_allowance is None:
        return ""
    today = timezone.now().astimezone(ZoneInfo(account.time_zone)).date()
    used = Pace.objects.filter(account=account, mode=Mode.current(), day=today).values_list("used_today", flat=True)
    left = max(account.daily_allowance - (used.first() or 0), 0)
    return f"{left:,} of {account.daily_allowance:,} texts left today."
