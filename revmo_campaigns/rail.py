"""The left rail: where everything is, for whom, and what waits there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from campaigns.models import Mode
from campaigns.sending import resolving
from contacts.models import Suppression
from conversations.models import Conversation

Badge = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the rail; `model` is `app.model` and names both the page and the permission to see it."""

    title: str
    icon: str
    model: str
    badge: Badge | None = None
    colour: str = "danger"

    @property
    def url(self) -> str:
        """The list's address."""
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist")

    def allowed(self, request: HttpRequest) -> bool:
        """May this person look at it?"""
        app, _, model = self.model.partition(".")
        user = request.user
        return bool(user.has_perm(f"{app}.view_{model}") or user.has_perm(f"{app}.change_{model}"))


def need_a_human() -> int:
    """Conversations that wait for a person."""
    return Conversation.objects.in_mode(Mode.current()).need_a_human().count()


def unknowns() -> int:
    """Texts of which nobody can say whether they went out, and about which nobody has decided."""
    return resolving.undecided(Mode.current()).count()


def to_be_decided() -> int:
    """Numbers that rest until a person has said whether a reply meant stop."""
    return Suppression.objects.to_be_decided().count()


WORK = (
    Item("Campaigns", "campaign", "campaigns.campaign"),
    Item("Conversations", "forum", "conversations.conversation", badge=need_a_human),
)
PEOPLE = (
    Item("Contacts", "group", "contacts.contact"),
    Item("Lists", "list_alt", "contacts.contactlist"),
    Item("Segments", "filter_alt", "campaigns.segment"),
    Item("Imports", "upload_file", "contacts.contactimport"),
    Item("Opt-outs", "do_not_disturb_on", "contacts.suppression", badge=to_be_decided, colour="warning"),
)
TASKS = (
    Item("Triggers", "bolt", "campaigns.trigger"),
    Item("Saved messages", "bookmark", "campaigns.savedmessage"),
    Item("Saved replies", "quickreply", "conversations.savedreply"),
)
REPORTS = (
    Item("History", "history", "campaigns.send"),
    Item("Unknowns", "help", "campaigns.unknown", badge=unknowns, colour="warning"),
)
SETTINGS = (
    Item("Account", "storefront", "campaigns.account"),
    Item("Agents", "support_agent", "campaigns.agent"),
    Item("Users", "person", "auth.user"),
    Item("Roles", "badge", "auth.group"),
    Item("Own columns", "view_column", "contacts.attribute"),
    Item("Webhooks", "webhook", "conversations.webhookevent"),
    Item("Test numbers", "smartphone", "campaigns.allowednumber"),
    Item("Workers", "dns", "campaigns.worker"),
)
# Title, items, folded away until one of them is open.
GROUPS: tuple[tuple[str, tuple[Item, ...], bool], ...] = (
    ("", WORK, False),
    ("Contacts", PEOPLE, False),
    ("Agents’ tasks", TASKS, False),
    ("Reports", REPORTS, False),
    ("Settings", SETTINGS, True),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """What unfold draws: only lines that this person may open."""
    groups = []
    for title, items, folded in GROUPS:
        lines = list(_lines(request, items))
        if not title:
            lines.insert(0, {"title": "Dashboard", "icon": "space_dashboard", "link": reverse("admin:index")})
        if lines:
            groups.append({"title": title, "separator": folded, "collapsible": folded, "items": lines})
    return groups


def _lines(request: HttpRequest, items: tuple[Item, ...]) -> Iterator[dict[str, Any]]:
    for item in items:
        if not item.allowed(request):
            continue
        line: dict[str, Any] = {"title": item.title, "icon": item.icon, "link": item.url}
        line["active"] = _is_open(request, item)
        if item.badge is not None and (count := item.badge()):
            line |= {"badge": f"{count:,}", "badge_variant": item.colour, "badge_style": "solid"}
        yield line


def _is_open(request: HttpRequest, item: Item) -> bool:
    return request.path.startswith(reverse(f"admin:{item.model.replace('.', '_')}_changelist"))
