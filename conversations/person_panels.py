"""What we add to the page of a contact: whether they may be texted now, and their story."""

from typing import Any

from django.http import HttpRequest

from campaigns.models import Agent, Campaign, Mode
from contacts.admin import panels
from contacts.keys import key_of
from contacts.models import Contact
from contacts.phones import pretty
from conversations.models import Conversation
from conversations.proof_pages import may_see_proof
from conversations.standing import standing_of
from conversations.story import PAGE, story
from conversations.why import why

EVERYTHING = 10_000
MAY_READ = ("campaigns.view_send", "conversations.view_conversation")
OFFERED = 50  # campaigns, the newest


def register() -> None:
    """Once, when the apps are there."""
    panels.show("conversations/standing.html", standing_panel)
    panels.show("conversations/story.html", story_panel)


def standing_panel(request: HttpRequest, contact: Contact) -> dict[str, Any] | None:
    """The head of the page."""
    talks = Conversation.objects.in_mode(Mode.current()).filter(contact=contact).order_by("-last_message_at")
    may_read = request.user.has_perm("conversations.view_conversation")
    standing = standing_of(contact)
    may_write = may_read and standing.may_be_written_to and request.user.has_perm("conversations.reply_conversation")
    return {
        "standing": standing,
        "number": pretty(contact.phone),
        "conversation": talks.first() if may_read else None,
        "may_write": may_write,
        "may_begin": may_write and Agent.objects.exists(),
        "may_prove": may_see_proof(request.user),
    }


def story_panel(request: HttpRequest, contact: Contact) -> dict[str, Any] | None:
    """The story, and one question about it."""
    may_read = request.user.has_perms(MAY_READ)
    limit = EVERYTHING if "whole" in request.GET else PAGE
    panel: dict[str, Any] = {"story": story(contact, limit, with_texts=may_read), "may_read": may_read}
    if request.user.has_perm("campaigns.view_campaign") and may_read:
        panel["campaigns"] = Campaign.objects.order_by("-pk")[:OFFERED]
        campaign = Campaign.objects.filter(pk=key_of(request.GET.get("campaign"))).first()
        panel |= {"asked": campaign, "answer": why(contact, campaign) if campaign else None}
    return panel
