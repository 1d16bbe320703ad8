"""A reply of staff that did not arrive brings its conversation back before a person, with the reason in words.

Whoever wrote it believes that they have answered. The engine that sends it knows nothing of conversations, so the ends
of replies are looked for here, every few seconds, each once.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Send
from conversations import attention
from conversations.models import Reply, name_of
from conversations.wording import HANDED_BACK, status_of

AT_ONCE = 200
# Many carriers never send a receipt. After so long none is waited for.
PATIENCE = timedelta(days=3)
State, Delivery = Send.State, Send.Delivery
# What staff canceled themselves is missing: they know.
_FAILED = (State.FAILED, State.SUPPRESSED, State.EXPIRED, State.UNKNOWN)


def look_for_ends() -> int:
    """Look at the ends of replies; returns how many conversations were brought back."""
    ended = (
        Q(send__state__in=[*_FAILED, State.CANCELED])
        | Q(send__delivery__in=[Delivery.DELIVERED, Delivery.UNDELIVERED])
        | Q(send__state=State.ACCEPTED, at__lt=timezone.now() - PATIENCE)
    )
    replies = Reply.objects.filter(ended, end_seen=False).select_related("send", "by").order_by("at")
    return sum(_look(reply) for reply in replies[:AT_ONCE])


def _look(reply: Reply) -> bool:
    """Note the end, once; True if the conversation was brought back."""
    with transaction.atomic():
        conversation = attention.locked(reply.conversation_id)
        if not Reply.objects.filter(pk=reply.pk, end_seen=False).update(end_seen=True):
            return False  # another worker was first
        reason = _why_it_did_not_arrive(reply)
        if not reason:
            return False
        attention.ask_for_a_human(conversation, reason, timezone.now())
        attention.save(conversation)
    return True


def _why_it_did_not_arrive(reply: Reply) -> str:
    """In words for staff; nothing where it did, or where nobody can be surprised."""
    send = reply.send
    if send.state not in _FAILED and send.delivery != Delivery.UNDELIVERED:
        return ""
    status, tone, _ = status_of(send)
    what = "may not have arrived" if send.state == State.UNKNOWN else "did not arrive"
    back = f" {HANDED_BACK[tone]}" if reply.hands_back else ""
    return f"The answer of {name_of(reply.by)} {what}. {status.rstrip('.')}.{back}"
