"""The strip that every page carries: where texts go, and how many the account may still send today."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Account, Mode, Pace


def strip(request: HttpRequest) -> dict[str, Any]:
    """Joins the context of every page of somebody who is signed in."""
    if not request.user.is_staff:
        return {}
    account = Account.objects.order_by("pk").first()
    sentence = "SIMULATOR: nothing leaves this machine"
    if Mode.current() == Mode.LIVE:
        sentence = f"LIVE: texts go to real phones. {allowance_left(account)}" if account else "LIVE"
    stopped = account is not None and account.paused_at is not None
    return {
        "strip": {
            "sentence": sentence.strip(),
            "simulator": Mode.current() == Mode.SIMULATOR,
            "stopped": account.pause_reason if account and stopped else "",
            "account_url": reverse("admin:campaigns_account_change", args=[account.pk]) if account else "",
            "clock": clock(timezone.now()),
        }
    }


def business_name(request: HttpRequest) -> str:
    """Whose admin this is; strangers at the door are not told."""
    if not request.user.is_staff:
        return ""
    return Account.objects.order_by("pk").values_list("name", flat=True).first() or ""


def allowance_left(account: Account) -> str:
    """Today's rest in words; empty where staff set no limit."""
    if account.daily_allowance is None:
        return ""
    today = timezone.now().astimezone(ZoneInfo(account.time_zone)).date()
    used = Pace.objects.filter(account=account, mode=Mode.current(), day=today).values_list("used_today", flat=True)
    left = max(account.daily_allowance - (used.first() or 0), 0)
    return f"{left:,} of {account.daily_allowance:,} texts left today."


def clock(now: datetime) -> str:
    """The clock by which this page tells times, with its zone."""
    here = timezone.localtime(now)
    return f"{here:%I:%M %p} {here.tzname()}".lstrip("0")
