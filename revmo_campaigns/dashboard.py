"""Is anything wrong, and what is running?"""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from campaigns import approving, pages
from campaigns.models import Account, Campaign, Mode
from campaigns.progress import progress_of
from campaigns.sending import resolving
from contacts.models import Contact, ContactImport
from conversations.models import Conversation
from revmo_campaigns import days


@dataclass(frozen=True, slots=True)
class Todo:
    """One line that needs a person, and the page where it is done."""

    text: str
    url: str
    action: str
    bad: bool = False


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first page shows; unfold's callback."""
    campaigns = list(
        Campaign.objects.filter(status__in=Campaign.UNDER_WAY)
        .select_related("agent__account")
        .order_by("-launched_at")[:10]
    )
    by_day = days.sent_by_day()
    counted = progress_of([campaign.pk for campaign in campaigns])
    context |= {
        "todos": [*_todos(), *_approvals(request.user)],
        "running": [
            {"campaign": one, "counted": counted[one.pk], "bar": pages.state_bar(one, counted[one.pk])}
            for one in campaigns
        ],
        "today": days.today(),
        "usual": days.usual(by_day),
        "chart": json.dumps(days.chart(by_day)) if any(by_day.values()) else "",
        "nobody": not Contact.objects.exists(),
        "quiet": not Campaign.objects.exists(),
    }
    return context


def _approvals(person: Any) -> list[Todo]:
    """What a colleague has rehearsed and this person may approve."""
    return [
        Todo(
            f"“{snapshot.campaign}” to {snapshot.will_send:,} people waits for a second person's approval.",
            reverse("admin:campaigns_campaign_rehearsal", args=[snapshot.campaign_id]),
            "Look at it",
        )
        for snapshot in approving.waiting_for(person)[:3]
    ]


def _todos() -> list[Todo]:
    mode = Mode.current()
    found = [
        Todo(
            f"{account} is stopped. {account.pause_reason}",
            reverse("admin:campaigns_account_change", args=[account.pk]),
            "Mend it",
            bad=True,
        )
        for account in Account.objects.filter(paused_at__isnull=False)
    ]
    waiting = Conversation.objects.in_mode(mode).need_a_human().count()
    if waiting:
        address = reverse("admin:conversations_conversation_changelist") + "?show=human"
        text = f"{waiting:,} conversations need a human." if waiting > 1 else "1 conversation needs a human."
        found.append(Todo(text, address, "Answer"))
    unknown = resolving.undecided(mode).count()
    if unknown:
        address = reverse("admin:campaigns_unknown_changelist")
        text = f"{unknown:,} text{'s' * (unknown != 1)} may or may not have been sent."
        found.append(Todo(text, address, "See why"))
    for record in ContactImport.objects.filter(status=ContactImport.Status.PREVIEWED)[:3]:
        address = reverse("admin:contacts_contactimport_change", args=[record.pk])
        found.append(Todo(f"The import of {record.file_name} waits for your confirmation.", address, "Look at it"))
    for campaign in Campaign.objects.filter(status=Campaign.Status.PAUSED)[:3]:
        address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        found.append(Todo(f"“{campaign}” is paused. {campaign.pause_reason}", address, "Resume or cancel"))
    return found
