"""What the inbox's pages show, computed once for a request."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.utils import timezone

from campaigns.models import Send
from contacts.models import Suppression
from contacts.phones import pretty
from conversations import inbox, keeping
from conversations.agent_word import agent_word
from conversations.answering import Doubts
from conversations.bubbles import bubbles
from conversations.hours import hours_of
from conversations.list_rows import remembered_rows, rows_of
from conversations.models import Conversation, name_of
from conversations.proof_pages import may_see_proof
from conversations.timeline import Place, Timeline, newest, newest_task
from conversations.timeline import since as lines_since
from conversations.wording import Line, labelled

# Of what came in while somebody wrote, this many are shown again beside the question.
SHOWN_AGAIN = 5


def list_context(view: inbox.View, user: Any, counted: dict[str, int], opened: int | None = None) -> dict[str, Any]:
    """The left side, with the conversation `opened` marked."""
    listing = inbox.listing(view, user)
    return _list_context(view, user, counted, listing) | {
        # Made only where it is shown.
        "rows": partial(rows_of, listing, view, may_choose=_may_choose(user), opened=opened),
    }


def polled_list_context(view: inbox.View, user: Any, seen: str) -> dict[str, Any]:
    """The left side for a page that has it already, as of the digest `seen`.

    `rows_changed` is false where only counts moved: then the rows that stand there stay as they are.
    """
    listing = inbox.polled_listing(view, user)
    return _list_context(view, user, inbox.polled_counts(user), listing) | {
        "rows": partial(remembered_rows, listing, view, may_choose=_may_choose(user)),
        "rows_changed": seen.partition(".")[0] != listing.digest,
    }


def _list_context(view: inbox.View, user: Any, counted: dict[str, int], listing: inbox.Listing) -> dict[str, Any]:
    """`digest` changes with the rows and with the counts that are quick to have."""
    quick = ".".join(str(counted[key]) for key in inbox.QUICK)
    return {
        "view": view,
        "listing": listing,
        "tabs": inbox.tabs(view, counted),
        "counts_wait": not counted.keys() >= inbox.LABELS.keys(),
        "nothing_yet": not listing.rows and view == inbox.View(inbox.ALL),
        "digest": f"{listing.digest}.{quick}",
    }


def _may_choose(user: Any) -> bool:
    return bool(user.has_perm("conversations.change_conversation"))


def pane(
    conversation: Conversation, view: inbox.View, user: Any, *, since: Place | None = None, **composer: Any
) -> dict[str, Any]:
    """The right side: one conversation, read, and the form below it. Its version was read before all else."""
    writers = keeping.writers(conversation, user)
    timeline = lines_since(conversation, since) if since else newest(conversation)
    account = conversation.agent.account
    return {
        "pane": conversation,
        "conversation": conversation,
        "contact": conversation.contact,
        "number": pretty(conversation.contact.phone),
        "view": view,
        "version": conversation.version,
        "since": str(timeline.first or ""),
        "timeline": timeline,
        "bubbles": bubbles(timeline.lines),
        "writers": _and(writers),
        "agent": agent_word(conversation, timeline),
        "told": _told(conversation, timeline),
        "hours": hours_of(conversation.contact, account),
        "zone": timezone.get_current_timezone_name().replace("_", " "),
        "suppression": suppression_of(conversation),
        "holder_name": name_of(conversation.holder) if conversation.holder_id else "",
        "is_mine": conversation.holder_id == user.pk,
        "account": account,
        "snooze_choices": [(key, label) for key, (label, _) in keeping.snooze_choices().items()],
        "asleep": conversation.snoozed_until is not None and conversation.snoozed_until > timezone.now(),
        "may_reply": user.has_perm("conversations.reply_conversation"),
        "may_take_over": user.has_perm("conversations.takeover_conversation"),
        "may_assign": user.has_perm("conversations.assign_conversation"),
        "may_prove": may_see_proof(user),
        "may_change": user.has_perm("conversations.change_conversation"),
        "composer": composer_of(conversation, timeline, **composer),
    }


def composer_of(
    conversation: Conversation, timeline: Timeline, *, doubts: Doubts | None = None, **given: Any
) -> dict[str, Any]:
    """The form for an answer: fresh, or as its writer left it with what stands in the way."""
    fresh = {"text": "", "form_token": uuid4(), "seen": conversation.said, "problem": "", "sent": False}
    return fresh | given | {"doubts": doubts, "came_in": _last_said(timeline, doubts.came_in if doubts else 0)}


def suppression_of(conversation: Conversation) -> Suppression | None:
    """Why this person must not be texted, if so; asked only where the row says that there is something."""
    if not conversation.is_suppressed:
        return None
    return Suppression.objects.standing().filter(phone=conversation.contact.phone).first()


def _told(conversation: Conversation, timeline: Timeline) -> dict[str, Any] | None:
    """What travelled with our newest text that told the agent anything: labelled values, no JSON."""
    send: Send | None = newest_task(conversation, timeline.watched)
    return {"send": send, "details": list(labelled(send.metadata))} if send else None


def _last_said(timeline: Timeline, amount: int) -> list[Line]:
    said = [line for line in timeline.lines if line.voice in ("contact", "agent", "staff")]
    return said[-min(amount, SHOWN_AGAIN) :] if amount else []


def _and(names: list[str]) -> str:
    """Names as people list them, with the verb."""
    if not names:
        return ""
    return f"{', '.join(names[:-1])} and {names[-1]} are writing …" if len(names) > 1 else f"{names[0]} is writing …"
