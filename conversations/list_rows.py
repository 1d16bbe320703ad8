"""The inbox's list as HTML, written here because a template takes eight times as long for fifty rows.

Every value goes through `format_html`, which escapes it.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from conversations.inbox import Listing, Row, View
from conversations.timeline import hash_of

_ITEM = '<li class="inbox-item{}">{}{}</li>\n'
_CHOICE = '<input type="checkbox" name="pk" value="{}" aria-label="Choose {}">'
_LINK = (
    '<a class="inbox-row" data-pk="{pk}" href="{page}" hx-get="{page}" hx-target="#pane" hx-swap="outerHTML"'
    ' hx-push-url="true"{current}><span class="inbox-top"><strong>{name}</strong>{time}</span>'
    '<span class="inbox-text">{text}</span>{marks}</a>'
)
_TIME = '<time datetime="{}">{}</time>'
_MARKS = '<span class="inbox-marks">{}</span>'
_MARK = '<span class="mark {}">{}</span>'
_CURRENT = SafeString(' aria-current="true"')
_NOTHING = SafeString("")
LONGEST_REASON = 70
# Seconds for which a process keeps rows that it made, for the other pages that show the same.
REMEMBERED = 5


def rows_of(listing: Listing, view: View, *, may_choose: bool, opened: int | None) -> SafeString:
    """The rows; the one that is open is marked."""
    # One address is asked for, and the others are made like it.
    page, query = reverse("admin:conversations_conversation_change", args=[0]), view.query
    before, after = page.split("/0/")
    today = timezone.localdate()
    return _joined(
        format_html(
            _ITEM,
            " is-unread" if row.unread else "",
            format_html(_CHOICE, row.pk, row.name) if may_choose else _NOTHING,
            _link(row, f"{before}/{row.pk}/{after}?{query}", today, opened),
        )
        for row in listing.rows
    )


def remembered_rows(listing: Listing, view: View, *, may_choose: bool) -> SafeString:
    """As `rows_of` with none open; made once for all who see the same rows on the same clock."""
    clock = f"{timezone.get_current_timezone_name()}.{timezone.localdate()}"
    key = f"inbox.rows.{hash_of((listing.digest, view.query, clock, may_choose))}"
    found: SafeString | None = cache.get(key)
    if found is None:
        found = rows_of(listing, view, may_choose=may_choose, opened=None)
        cache.set(key, found, REMEMBERED)
    return found


def _link(row: Row, page: str, today: date, opened: int | None) -> SafeString:
    marks = list(_marks(row))
    return format_html(
        _LINK,
        pk=row.pk,
        page=page,
        current=_CURRENT if row.pk == opened else _NOTHING,
        name=row.name,
        time=_time(row, today),
        text=row.text,
        marks=format_html(_MARKS, _joined(marks)) if marks else _NOTHING,
    )


def _marks(row: Row) -> Iterator[SafeString]:
    if row.human:
        reason = Truncator(row.human).chars(LONGEST_REASON)
        yield format_html(_MARK, "mark-human", f"Agent asks: {reason}" if row.handed_over else reason)
    if row.stopped:
        yield format_html(_MARK, "mark-stop" if row.stopped == "Opted out" else "mark-human", row.stopped)
    if row.holder:
        yield format_html(_MARK, "", row.holder)
    if row.unread:
        yield format_html(_MARK, "mark-new", "New")


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ([part] for part in parts))


def _time(row: Row, today: date) -> SafeString:
    if row.at is None:
        return _NOTHING
    local = timezone.localtime(row.at)
    shown = f"{local:%-I:%M %p}" if local.date() == today else f"{local:%b} {local.day}"
    return format_html(_TIME, local.isoformat(), shown)
