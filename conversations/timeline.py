"""A conversation as staff read it: texts, notes and what happened, in order of time, over all its threads.

It is read in windows by a place in it (keyset), so that the ten thousandth text costs what the first did.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.models import Send
from conversations.matching import MAY_HAVE_LEFT
from conversations.models import Conversation, Entry, Message
from conversations.wording import Line, line_of_entry, line_of_message, line_of_send

PAGE = 60
# Lines that a page which stays open shows at most; more are behind its "earlier" button.
MOST_LINES = 1_000
# Of our texts these newest ones may still change while somebody looks.
WATCHED = 40
# What lines and the side of the page show. With all columns, composing the statements takes longer than running them.
_OF_SENDS = (
    *("kind", "state", "reason", "text", "trigger", "metadata", "no_agent", "due_at", "posted_at", "thread_id"),
    *("delivery", "delivery_error", "campaign__name", "reply__at", "reply__hands_back"),
    *("reply__by__first_name", "reply__by__last_name", "reply__by__username"),
)
_OF_MESSAGES = ("conversation_id", "author", "body", "at", "send__campaign__name")
_SENDS, _UNPOSTED, _MESSAGES, _ENTRIES = range(4)
_Placed = tuple["Place", Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands: its time, then its source and key among those of the same microsecond."""

    at: datetime
    source: int
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.source}-{self.pk}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Back from an address; None for what is none of ours."""
        parts = text.split("-")
        if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
            return None
        microseconds, source, pk = map(int, parts)
        try:
            return cls(_EPOCH + microseconds * _MICROSECOND, source, pk)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some lines, oldest first. `earlier` says that there are more before `first`.

    `watched` are our newest texts, newest first, whether they stand in these lines or before them.
    """

    lines: list[Line]
    earlier: bool
    first: Place | None
    watched: list[Send]

    def spoke_at(self, voice: str) -> datetime | None:
        """When this voice was last heard in these lines."""
        return next((line.at for line in reversed(self.lines) if line.voice == voice), None)


def newest(conversation: Conversation, limit: int = PAGE, *, before: Place | None = None) -> Timeline:
    """The newest `limit` lines, or the newest before a place."""
    sends = _placed(conversation, max(limit + 1, WATCHED), before=before)
    found = _found(conversation, sends, limit + 1, before=before)
    return _timeline(conversation, found[:limit], sends, earlier=len(found) > limit)


def since(conversation: Conversation, first: Place) -> Timeline:
    """The lines from a place on, that one included: what a page shows which was opened there."""
    sends = _placed(conversation, WATCHED)
    if len(sends) >= WATCHED and sends[WATCHED - 1][0] > first:  # there may be more of ours since then
        sends = _placed(conversation, MOST_LINES, since=first.at)
    found = [one for one in _found(conversation, sends, MOST_LINES, since=first.at) if one[0] >= first]
    return _timeline(conversation, found, sends, earlier=False)


def hash_of(facts: object) -> str:
    """Short, and the same for the same facts in every process."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def newest_task(conversation: Conversation, ours: Sequence[Send]) -> Send | None:
    """Our newest text that told the agent anything, else our newest; looked up only if none of those watched did."""
    told = next((send for send in ours if send.trigger or send.metadata), None)
    if told is None and len(ours) == WATCHED:
        posted = _of_contact(conversation).select_related("campaign").order_by("-posted_at")
        told = posted.exclude(trigger="", metadata={}).first()
    return told or next(iter(ours), None)


def _timeline(
    conversation: Conversation, found: list[_Placed], sends: list[tuple[Place, Send]], *, earlier: bool
) -> Timeline:
    lines = [_line(conversation, place, row) for place, row in reversed(found)]
    ours = [send for _, send in sends[:WATCHED]]
    return Timeline(lines, earlier, found[-1][0] if found else None, ours)


def _line(conversation: Conversation, place: Place, row: Send | Message | Entry) -> Line:
    if isinstance(row, Send):
        return line_of_send(row, place.at, conversation)
    if isinstance(row, Message):
        return line_of_message(row, conversation)
    return line_of_entry(row)


def _found(
    conversation: Conversation,
    sends: list[tuple[Place, Send]],
    limit: int,
    *,
    before: Place | None = None,
    since: datetime | None = None,
) -> list[_Placed]:
    """The newest rows of all sources with their places, newest first."""
    messages = conversation.messages.select_related("send__campaign").only(*_OF_MESSAGES).order_by("-at", "-id")
    entries = conversation.entries.select_related("by", "mail").order_by("-at", "-id")
    found: list[_Placed] = list(sends)
    for source, rows in ((_MESSAGES, messages), (_ENTRIES, entries)):
        found += [(Place(row.at, source, row.pk), row) for row in _between(rows, "at", source, before, since)[:limit]]
    return sorted(found, key=lambda one: one[0], reverse=True)[:limit]


def _placed(
    conversation: Conversation, limit: int, *, before: Place | None = None, since: datetime | None = None
) -> list[tuple[Place, Send]]:
    """Our texts with their places, newest first."""
    return sorted(_places(_sends(conversation, limit, before, since)), key=lambda one: one[0], reverse=True)


def _places(sends: Iterable[Send]) -> Iterator[tuple[Place, Send]]:
    for send in sends:
        if send.posted_at is not None:
            yield Place(send.posted_at, _SENDS, send.pk), send
        else:
            yield Place(send.reply.at, _UNPOSTED, send.pk), send


def _sends(conversation: Conversation, limit: int, before: Place | None, since: datetime | None) -> QuerySet[Send]:
    """What left for this person, and what staff wrote that did not or not yet; each arm has its own way in."""
    known = _of_contact(conversation).order_by("-posted_at", "-id")
    nameless = _shown(conversation).filter(contact__isnull=True, to=conversation.contact.phone)
    nameless = nameless.filter(posted_at__isnull=False).order_by("-posted_at", "-id")
    unposted = Send.objects.filter(reply__conversation=conversation, posted_at__isnull=True).order_by(
        "-reply__at", "-id"
    )
    arms = [
        _between(known, "posted_at", _SENDS, before, since),
        _between(nameless, "posted_at", _SENDS, before, since),
        _between(unposted, "reply__at", _UNPOSTED, before, since),
    ]
    first, *others = (arm.select_related("campaign", "reply__by").only(*_OF_SENDS)[:limit] for arm in arms)
    return first.union(*others, all=True)


def _of_contact(conversation: Conversation) -> QuerySet[Send]:
    return _shown(conversation).filter(contact=conversation.contact_id, posted_at__isnull=False)


def _shown(conversation: Conversation) -> QuerySet[Send]:
    """Campaign texts that may have left; what staff wrote is shown whatever became of it."""
    shown = Q(state__in=MAY_HAVE_LEFT) | Q(kind=Send.Kind.REPLY)
    return Send.objects.filter(shown, agent=conversation.agent_id, mode=conversation.mode)


def _between(
    rows: QuerySet[Any], time: str, source: int, before: Place | None, since: datetime | None
) -> QuerySet[Any]:
    if since is not None:
        rows = rows.filter(**{f"{time}__gte": since})
    if before is None:
        return rows
    # The first condition is the index's, where one knows the time; the second only sorts out the same microsecond.
    rows = rows.filter(**{f"{time}__lte": before.at})
    if source < before.source:
        return rows
    earlier = Q(**{f"{time}__lt": before.at})
    return rows.filter(earlier | Q(pk__lt=before.pk) if source == before.source else earlier)
