"""The lines of a conversation as HTML, written here because a template takes eight times as long for sixty of them.

Every value goes through `format_html`, which escapes it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from conversations.wording import Line

_DAY = '<p class="conversation-day">{}</p>'
_EVENT = '<p class="conversation-event">{} {} {}</p>'
_BUBBLE = (
    '<article class="bubble bubble-{side} voice-{voice}"><p class="bubble-author">{author}</p>'
    '{text}{task}{remark}<p class="bubble-foot">{time} {theirs}{status}{answers}</p></article>'
)
_TIME = '<time datetime="{}">{}</time>'
_TEXT = '<p class="bubble-text" dir="auto">{}</p>'
_TASK = '<p class="bubble-task">Asked the agent to start “{}”.</p>'
_REMARK = '<p class="bubble-remark">{}</p>'
_THEIRS = "<span>{} where they are</span>"
_STATUS = '<span class="bubble-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>'
_ANSWERS = '<span>answers <a href="{}">{}</a></span>'
_NOTHING = SafeString("")
_NONE_YET = SafeString(
    '<p class="conversation-day">No text has been exchanged yet. It appears here by itself as soon as one comes.</p>'
)


def bubbles(lines: Sequence[Line]) -> SafeString:
    """All of them in their order, each day under its date, on the reader's clock."""
    return format_html_join("\n", "{}", ([part] for part in _parts(lines))) if lines else _NONE_YET


def _parts(lines: Sequence[Line]) -> Iterator[SafeString]:
    day: date | None = None
    for line in lines:
        local = timezone.localtime(line.at)
        if local.date() != day:
            day = local.date()
            yield format_html(_DAY, f"{local:%A, %B} {local.day}, {local.year}")
        yield _event(line, local) if line.side == "event" else _bubble(line, local)


def _event(line: Line, local: datetime) -> SafeString:
    return format_html(_EVENT, line.text, _time(local), line.remark)


def _bubble(line: Line, local: datetime) -> SafeString:
    return format_html(
        _BUBBLE,
        side=line.side,
        voice=line.voice,
        author=f"{line.author} · note, not sent" if line.side == "note" else line.author,
        text=format_html(_TEXT, linebreaksbr(line.text)) if line.text else _NOTHING,
        task=format_html(_TASK, line.task) if line.task else _NOTHING,
        remark=format_html(_REMARK, line.remark) if line.remark else _NOTHING,
        time=_time(local),
        theirs=format_html(_THEIRS, line.their_time) if line.their_time else _NOTHING,
        status=format_html(_STATUS, line.tone or "plain", line.tick, line.status) if line.status else _NOTHING,
        answers=_answers(line),
    )


def _answers(line: Line) -> SafeString:
    if line.campaign is None or line.side != "theirs":
        return _NOTHING
    return format_html(_ANSWERS, reverse("admin:campaigns_campaign_change", args=[line.campaign.pk]), line.campaign)


def _time(local: datetime) -> SafeString:
    return format_html(_TIME, local.isoformat(), f"{local:%-I:%M %p}")
