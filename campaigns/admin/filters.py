"""Filters of long lists."""

# unfold ships no types for its filters.
# mypy: disable-error-code="misc"

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str

from campaigns.models import Account, Mode, RehearsedText, Send
from campaigns.pages import UNSAID
from campaigns.progress import opted_out_after
from campaigns.sending import load
from contacts.keys import key_of


class ModeFilter(admin.SimpleListFilter):
    """Live or simulated, never both in one list (promise 7); this process's own unless somebody asks."""

    title = "live or simulator"
    parameter_name = "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two, as staff read them."""
        return [(str(value), str(label)) for value, label in Mode.choices]

    def value(self) -> str:
        """The one that is shown."""
        chosen = super().value()
        return chosen if chosen in Mode.values else Mode.current().value

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without a line for all."""
        yield from list(super().choices(changelist))[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """Those of the mode."""
        return queryset.filter(mode=self.value())


class StateFilter(admin.ChoicesFieldListFilter):
    """What we know about the call, asked for as the indexes know it."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """Those in the states that are asked for."""
        asked = self.used_parameters.get(self.lookup_kwarg)
        return queryset.filter(Send.in_states(*asked)) if asked else queryset


class OptedOutFilter(admin.SimpleListFilter):
    """Those who answered the text with an opt-out."""

    title = "opted out by a reply"
    parameter_name = "opted_out"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One question."""
        return [("1", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """Replies are few and have an index, so they come first."""
        if self.value() != "1":
            return queryset
        return queryset.filter(replied_at__isnull=False).filter(Exists(opted_out_after()))


class HeldBackFilter(admin.SimpleListFilter):
    """All who get nothing, whatever the reason."""

    title = "held back"
    parameter_name = "held_back"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One question."""
        return [("1", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RehearsedText]) -> QuerySet[RehearsedText]:
        """All but those whose text goes out."""
        return queryset.exclude(outcome=RehearsedText.Outcome.WILL_SEND) if self.value() == "1" else queryset


class WhyFilter(admin.SimpleListFilter):
    """Texts that share the reason why they did not arrive; there while it is asked for, from a campaign's page."""

    title = "why"
    parameter_name = "why"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one that is asked for."""
        asked = request.GET.get(self.parameter_name)
        return [(asked, "The carrier did not say" if asked == UNSAID else asked)] if asked else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """By what the list shows under "why"."""
        asked = self.value()
        if not asked:
            return queryset
        if asked == UNSAID:
            return queryset.filter(reason="", delivery_error="")
        return queryset.filter(Q(reason=asked) | Q(reason="", delivery_error=asked))


class AccountFilter(admin.SimpleListFilter):
    """Texts of one account; there where a business has several, or where it is asked for."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """By name."""
        found = [(str(account.pk), str(account)) for account in Account.objects.order_by("name")]
        return found if len(found) > 1 or request.GET.get(self.parameter_name) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """Those of the account's agents."""
        account = key_of(self.value())
        return queryset.filter(agent__account=account) if account else queryset


class WaitingFilter(admin.SimpleListFilter):
    """Texts that have not left, by what they wait for; the page of workers counts the same."""

    title = "waiting"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ways of waiting."""
        return list(load.WAITING.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """Those that wait so at this moment."""
        way = self.value()
        return queryset.filter(load.waiting(way, timezone.now())) if way in load.WAITING else queryset


class DaysFilter(RangeDateFilter):
    """From one day to another, both of them whole, on the reader's clock; unfold's own takes midnights of UTC."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Send]) -> QuerySet[Send]:
        """Those of the days; a day that is none does not narrow."""
        first, last = (self._day(end) for end in ("from", "to"))
        if first is not None:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(first)})
        if last is not None:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(last + timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> date | None:
        day: date | None = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}") or "")
        return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
