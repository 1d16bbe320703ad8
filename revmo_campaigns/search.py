"""The search box of the rail: a person by name, number or last digits, a campaign, a thread of Revmo's."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from campaigns.models import Campaign, Mode, Send
from contacts.admin.contacts import search_contacts
from contacts.models import Contact
from contacts.phones import pretty
from conversations.models import Conversation

MOST = 8  # of each kind
SHORTEST = 2  # characters; one would find everybody


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """What unfold's palette shows; `term` comes in small letters, and a thread's name has both kinds."""
    words = request.GET.get("s", term).strip()
    return [*_found(request, words)] if len(words) >= SHORTEST else []


def _found(request: HttpRequest, words: str) -> Iterator[SearchResult]:
    may = request.user.has_perm
    if may("contacts.view_contact"):
        for contact in search_contacts(Contact.objects.all(), words).order_by("-pk")[:MOST]:
            yield _result(contact, contact.full_name or "No name", pretty(contact.phone), "person")
    if may("campaigns.view_campaign"):
        for campaign in Campaign.objects.filter(name__icontains=words).order_by("-pk")[:MOST]:
            yield _result(campaign, campaign.name, f"Campaign, {campaign.get_status_display().lower()}", "campaign")
    if may("campaigns.view_send"):
        sends = (
            Send.objects.filter(thread_id=words, mode=Mode.current()).exclude(thread_id="").select_related("contact")
        )
        for send in sends.order_by("-pk")[:MOST]:
            yield from _of_thread(request, send)


def _of_thread(request: HttpRequest, send: Send) -> Iterator[SearchResult]:
    """The text that began it, and the conversation that it belongs to."""
    whom = str(send.contact or pretty(send.to))
    yield _result(send, f"Text to {whom}", f"Thread {send.thread_id}", "sms")
    if request.user.has_perm("conversations.view_conversation"):
        talks = Conversation.objects.filter(contact=send.contact_id, agent=send.agent_id, mode=send.mode)
        for talk in talks.select_related("contact"):
            yield _result(talk, f"Conversation with {whom}", f"Thread {send.thread_id}", "forum")


def _result(record: Model, title: str, description: str, icon: str) -> SearchResult:
    meta: Any = record._meta
    page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
    return SearchResult(title=title, description=description, link=page, icon=icon)
