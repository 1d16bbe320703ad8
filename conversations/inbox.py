"""The inbox: which conversations somebody sees, in which order, and how many there are of each kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, IntegerField, Q, Value
from django.http import QueryDict
from django.urls import reverse

from campaigns.models import Mode
from contacts.admin.contacts import search_contacts
from contacts.models import Contact
from conversations.models import Conversation, Message, name_of
from conversations.querysets import ConversationQuerySet
from conversations.sharing import shared
from conversations.timeline import Place, hash_of

ROWS = 50
LONGEST_SEARCH = 100
HUMAN, UNREAD, MINE, SNOOZED, OPTED_OUT, ALL = "human", "unread", "mine", "snoozed", "opted_out", "all"
LABELS = {
    HUMAN: "Needs a human",
    UNREAD: "Unread",
    MINE: "Mine",
    SNOOZED: "Snoozed",
    OPTED_OUT: "Opted out",
    ALL: "All",
}
# What a row shows; with all columns, composing the statement takes longer than running it.
_OF_ROWS = (
    *("revision", "unread", "needs_human_since", "handoff_reason", "handed_over_at", "snoozed_until"),
    *("last_message_at", "contact__first_name", "contact__last_name", "contact__phone"),
    *("holder__first_name", "holder__last_name", "holder__username"),
)
# Counted by an index that holds no others; the rest is counted once a page, and apart from a conversation's opening.
QUICK = (HUMAN, UNREAD, MINE, SNOOZED)
_SHARED, _SLOW = (HUMAN, UNREAD, SNOOZED), (OPTED_OUT, ALL)
# For so many seconds a process shows these counts, and lists that are the same for everybody, to pages that stay
# open; a page that is opened asks anew. With a poll every two seconds, what is new stands there within three.
REMEMBERED, REMEMBERED_SLOW = 1, 15
_EMPTY = {
    HUMAN: "Nobody waits for a human. When the agent asks for one, they stand here first.",
    UNREAD: "Everything is dealt with.",
    MINE: "You have nothing at the moment. Take a conversation over, or have one given to you.",
    SNOOZED: "Nothing is put off.",
    OPTED_OUT: "Nobody in your conversations has opted out.",
}


@dataclass(frozen=True, slots=True)
class View:
    """What of the inbox is looked at, as its address says it. `before` is the place that an older page begins after."""

    show: str
    search: str = ""
    before: Place | None = None

    @classmethod
    def of(cls, asked: QueryDict, default: str = ALL) -> "View":
        """As the address asks for it."""
        show = asked.get("show", "")
        return cls(
            show if show in LABELS else default,
            asked.get("q", "").strip()[:LONGEST_SEARCH],
            Place.parse(asked.get("before", "")),
        )

    @property
    def query(self) -> str:
        """For an address."""
        parts = {"show": self.show, "q": self.search, "before": str(self.before) if self.before else ""}
        return urlencode({name: value for name, value in parts.items() if value})

    @property
    def empty(self) -> str:
        """What an empty list says."""
        if self.search:
            return f"Nobody here matches “{self.search}”. Search by first or last name, number, or its last digits."
        return _EMPTY.get(self.show, "No conversation goes further back.")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    pk: int
    name: str
    number: str
    text: str
    at: datetime | None
    unread: bool
    human: str
    handed_over: bool
    holder: str
    stopped: str
    snoozed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the inbox's lists; `count` is None where it is counted later."""

    key: str
    label: str
    count: int | None
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list. `digest` changes with whatever it shows; `older` is the address of the next page.

    `more`: there are others, but no older page of them, because the order is another.
    """

    rows: list[Row]
    digest: str
    older: str
    more: bool


def listing(view: View, user: Any) -> Listing:
    """The conversations of a view."""
    chosen = _ordered(_searched(_TABS[view.show](_all(), user), view.search), view)
    found: Sequence[Conversation] = list(
        chosen.with_facts().select_related("contact", "holder").only(*_OF_ROWS)[: ROWS + 1]
    )
    facts = [
        (one.pk, one.revision, one.contact.full_name, one.is_suppressed, one.is_opted_out, one.last_reply_at)
        for one in found
    ]
    rows = [_row(one) for one in found[:ROWS]]
    older = ""
    if len(found) > ROWS and view.show != HUMAN and (last := found[ROWS - 1]).last_message_at:
        older = replace(view, before=Place(last.last_message_at, 0, last.pk)).query
    return Listing(rows, hash_of(facts), older, len(found) > ROWS and not older)


def polled_listing(view: View, user: Any) -> Listing:
    """As `listing`, for pages that ask by themselves: the newest of what everybody sees alike is read once a second."""
    if view.show == MINE or view.search or view.before:
        return listing(view, user)
    key = f"inbox.listing.{Mode.current().value}.{view.show}"
    return shared(key, REMEMBERED, lambda: listing(view, user))


def counts(user: Any, keys: Sequence[str] = tuple(LABELS)) -> dict[str, int]:
    """How many conversations each tab holds, exactly, by one question."""
    arms = [
        _TABS[key](_all(), user)
        .order_by()
        .values("mode")
        .annotate(tab=Value(key), amount=Count("pk", output_field=IntegerField()))
        .values_list("tab", "amount")
        for key in keys
    ]
    return dict.fromkeys(keys, 0) | dict(arms[0].union(*arms[1:], all=True))


def polled_counts(user: Any) -> dict[str, int]:
    """As `counts`, for pages that ask by themselves: what is the same for everybody is counted once in a while.

    Else one text among a million conversations would have every open page count them all.
    """
    mode = Mode.current().value
    quick = shared(f"inbox.counts.{mode}", REMEMBERED, lambda: counts(user, _SHARED))
    slow = shared(f"inbox.slow_counts.{mode}", REMEMBERED_SLOW, lambda: counts(user, _SLOW))
    return {**quick, **slow, **counts(user, (MINE,))}


def tabs(view: View, counted: dict[str, int]) -> list[Tab]:
    """All tabs, each with its address; a search goes along."""
    return [
        Tab(key, label, counted.get(key), View(key, view.search).query, key == view.show)
        for key, label in LABELS.items()
    ]


def address(view: View, pk: int | None = None) -> str:
    """The page of this view, with a conversation open if one is named."""
    name = "change" if pk else "changelist"
    page = reverse(f"admin:conversations_conversation_{name}", args=[pk] if pk else [])
    return f"{page}?{view.query}"


def _all() -> ConversationQuerySet:
    return Conversation.objects.in_mode(Mode.current())


_TABS: dict[str, Callable[[ConversationQuerySet, Any], ConversationQuerySet]] = {
    HUMAN: lambda conversations, user: conversations.need_a_human(),
    UNREAD: lambda conversations, user: conversations.not_read(),
    MINE: lambda conversations, user: conversations.of(user),
    SNOOZED: lambda conversations, user: conversations.asleep(),
    OPTED_OUT: lambda conversations, user: conversations.opted_out(),
    ALL: lambda conversations, user: conversations,
}


def _searched(conversations: ConversationQuerySet, term: str) -> ConversationQuerySet:
    if not term:
        return conversations
    return conversations.filter(contact__in=search_contacts(Contact.objects.all(), term).order_by().values("pk"))


def _ordered(conversations: ConversationQuerySet, view: View) -> ConversationQuerySet:
    if view.show == HUMAN:
        return conversations.longest_waiting_first()
    if view.before is not None:
        at, pk = view.before.at, view.before.pk
        conversations = conversations.filter(Q(last_message_at__lt=at) | Q(pk__lt=pk), last_message_at__lte=at)
    return conversations.newest_first()


def _row(one: Conversation) -> Row:
    contact = one.contact
    text, who = one.last_text or "", ""
    if one.last_reply_at and (one.last_said_at is None or one.last_reply_at > one.last_said_at):
        text, who = one.last_reply or "", "You: "
    elif one.last_author == Message.Author.AGENT:
        who = "Agent: "
    elif one.last_author == Message.Author.HUMAN:
        who = "At Revmo: "
    human = one.handoff_reason or "Needs a human" if one.needs_human_since else ""
    return Row(
        one.pk,
        contact.full_name or contact.phone,
        contact.phone if contact.full_name else "",
        f"{who}{text[:120]}" if text else "No text yet",
        one.last_message_at,
        one.unread,
        human.replace("\n", " · "),
        one.handed_over_at is not None,
        name_of(one.holder) if one.holder_id else "",
        "Opted out" if one.is_opted_out else "Texts rest" if one.is_suppressed else "",
        one.snoozed_until,
    )
