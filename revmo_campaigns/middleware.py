"""What every request passes."""

from collections.abc import Callable
from functools import cache as cache_once
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse_lazy
from django.utils import timezone

from campaigns.models import Account
from conversations.models import StaffSettings
from conversations.webhooks import receive

# A change of the zone shows after this long, in seconds.
REMEMBERED = 10


def machines_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Webhook calls go straight to their view: they bring no session and no browser, and the rest costs as much again.

    Where only HTTPS is served, a plain call takes the long way and is sent on to HTTPS like any other.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/webhooks/") or (settings.SECURE_SSL_REDIRECT and not request.is_secure()):
            return get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        if found.func is not receive:  # a page for people that happens to begin so, if only to say that it is not there
            return get_response(request)
        return receive(request, *found.args, **found.kwargs)

    return middleware


def clock_of_the_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Tell and take times on the business's own clock, in the inbox on the reader's; what is stored stays UTC.

    The reader's is what they have settled under My settings, else what their browser says (`static/clock.js`). A
    campaign's hours belong to the business: whoever plans one elsewhere in the world means its clock.
    """
    inbox = reverse_lazy("admin:conversations_conversation_changelist")

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        own = ""
        if request.path.startswith(str(inbox)):
            own = _remembered_zone(request.user.pk) or _zone_of_browser(request)
        zone = own or cache.get_or_set("account.time_zone", _zone, REMEMBERED) or "UTC"
        with timezone.override(ZoneInfo(zone)):
            return get_response(request)

    return middleware


def _remembered_zone(user: int) -> str:
    return cache.get_or_set(StaffSettings.cache_key(user), lambda: _own_zone(user), REMEMBERED) or ""


def _zone_of_browser(request: HttpRequest) -> str:
    zone = unquote(request.COOKIES.get("clock", ""))
    return zone if zone in _zones() else ""


@cache_once
def _zones() -> set[str]:
    return available_timezones()


def _own_zone(user: int) -> str:
    return StaffSettings.objects.filter(user=user).values_list("time_zone", flat=True).first() or ""


def _zone() -> str:
    return Account.objects.order_by("pk").values_list("time_zone", flat=True).first() or "UTC"
