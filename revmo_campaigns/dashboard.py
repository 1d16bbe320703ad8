"""Is anything wrong, and what is running?"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns import pages
from campaigns.models import Account, Campaign, Mode, Send
from campaigns.progress import progress_of
from campaigns.sending import resolving
from contacts.models import Contact, ContactImport
from conversations.models import Conversation

DAYS = 14


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
    counted = progress_of([campaign.pk for campaign in campaigns])
    context |= {
        "todos": list(_todos()),
        "running": [
            {"campaign": one, "counted": counted[one.pk], "bar": pages.state_bar(one, counted[one.pk])}
            for one in campaigns
        ],
        "today": _today(),
        "chart": json.dumps(_chart()),
        "nobody": not Contact.objects.exists(),
        "quiet": not Campaign.objects.exists(),
    }
    return context


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


def _today() -> list[tuple[str, int]]:
    begin = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    sends = Send.objects.filter(mode=Mode.current(), created_at__gte=begin)
    counts = sends.aggregate(
        sent=Count("pk", filter=Q(state=Send.State.ACCEPTED)),
        delivered=Count("pk", filter=Q(delivery=Send.Delivery.DELIVERED)),
        replied=Count("pk", filter=Q(replied_at__isnull=False)),
        failed=Count("pk", filter=Q(state=Send.State.FAILED)),
    )
    return [(name.capitalize(), counts[name]) for name in ("sent", "delivered", "replied", "failed")]


def _chart() -> dict[str, Any]:
    today = timezone.localdate()
    days = [today - timedelta(days=offset) for offset in range(DAYS - 1, -1, -1)]
    sends = Send.objects.filter(mode=Mode.current(), created_at__date__gte=days[0], state=Send.State.ACCEPTED)
    rows = sends.order_by().annotate(day=TruncDate("created_at")).values_list("day")
    counts = dict(rows.annotate(count=Count("pk")))
    return {
        "labels": [f"{day:%b} {day.day}" for day in days],
        "datasets": [
            {
                "label": "Texts sent",
                "data": [counts.get(day, 0) for day in days],
                "backgroundColor": "var(--color-primary-600)",
            }
        ],
    }
