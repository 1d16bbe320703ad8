"""What every request passes."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.models import Account

# A change of the zone shows after this long, in seconds.
REMEMBERED = 10


def account_time_zone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Tell and take times on the business's own clock; what is stored stays UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        with timezone.override(ZoneInfo(cache.get_or_set("account.time_zone", _zone, REMEMBERED) or "UTC")):
            return get_response(request)

    return middleware


def _zone() -> str:
    return Account.objects.order_by("pk").values_list("time_zone", flat=True).first() or "UTC"
