"""Which of our texts, and which conversation, an event is about.

Only texts of this process's mode are looked at (promise 7).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.signing import BadSignature
from django.db.models import QuerySet

from campaigns.models import Mode, Send
from campaigns.models.sends import reference_signer
from campaigns.sending.statements import run
from contacts.models import E164_REGEX, Contact
from conversations.models import Conversation
from revmo.events import StatusEvent

# Those whose text may have left: only they can be delivered or answered.
MAY_HAVE_LEFT = (Send.State.POSTING, Send.State.ACCEPTED, Send.State.UNKNOWN)
UNDECIDED = (Send.Delivery.NONE, Send.Delivery.SENT)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

# Two arms, each with its index, because an OR over both would read the table.
_CANDIDATES = """
SELECT id, "to", thread_id, state, delivery, posted_at FROM campaigns_send
WHERE id = ANY(%(keys)s::bigint[]) AND mode = %(mode)s
UNION
SELECT id, "to", thread_id, state, delivery, posted_at FROM campaigns_send
WHERE thread_id = ANY(%(threads)s::text[]) AND thread_id <> '' AND mode = %(mode)s
"""


class NotMatched(Exception):
    """What the event names is unknown to us, perhaps only for now; the text says what, for staff."""


@dataclass(slots=True)
class Candidate:
    """What a receipt needs to know of a text of ours; moved along while a round of receipts is gone through."""

    id: int
    to: str
    thread_id: str
    state: str
    delivery: str
    posted_at: datetime | None


class Candidates:
    """The texts that a round of receipts may be about, read by one statement."""

    def __init__(self, receipts: Sequence[StatusEvent]) -> None:
        self._keys = {receipt.reference: _key_of(receipt.reference) for receipt in receipts}
        keys = [key for key in self._keys.values() if key is not None]
        threads = {receipt.thread_id for receipt in receipts if self._keys[receipt.reference] is None} - {""}
        rows = run(_CANDIDATES, {"keys": keys, "threads": list(threads), "mode": Mode.current().value})
        found = [Candidate(*row) for row in rows]
        self._by_key = {one.id: one for one in found}
        self._by_thread: dict[str, list[Candidate]] = {}
        for one in found:
            if one.thread_id in threads and one.state in MAY_HAVE_LEFT:
                self._by_thread.setdefault(one.thread_id, []).append(one)

    def of_receipt(self, receipt: StatusEvent) -> Candidate:
        """The text that a receipt is about: by our signed reference, else by its thread. Raises NotMatched.

        A thread may hold several of our texts. A receipt without a reference is then given to the only one that is
        still without its last word; where there are several, to none: a wrong status is worse than a late one.
        """
        phone, key = e164(receipt.to), self._keys[receipt.reference]
        if key is not None and key in self._by_key:
            if phone and phone != self._by_key[key].to:
                raise NotMatched("It carries the reference of a text to another number.")
            return self._by_key[key]
        sends = [one for one in self._by_thread.get(receipt.thread_id, []) if phone in ("", one.to)]
        if not sends:
            raise NotMatched("None of our texts is known under this thread or reference.")
        undecided = [send for send in sends if send.delivery in UNDECIDED]
        if len(undecided) > 1:
            raise NotMatched("Several of our texts share this thread, and the receipt does not say which it means.")
        return undecided[0] if undecided else max(sends, key=lambda send: (send.posted_at or _LONG_AGO, send.id))


def send_of_thread(thread_id: str, phone: str) -> Send:
    """Our newest text in the thread, else our newest to the number. Raises NotMatched.

    While a text to the number is on its way, its thread is not written down yet, so an unknown thread waits.
    """
    send = _in_thread(thread_id).first()
    if send is not None:
        return send
    if not phone:
        raise NotMatched("None of our texts is known under this thread, and no number is named.")
    to_number = Send.objects.filter(to=phone, mode=Mode.current(), state__in=MAY_HAVE_LEFT)
    to_number = to_number.select_related("agent__account", "contact")
    if thread_id and to_number.filter(state=Send.State.POSTING).exists():
        raise NotMatched("A text to this number is still on its way; its thread is not known yet.")
    send = to_number.order_by("-posted_at", "-id").first()
    if send is None:
        raise NotMatched("We have never texted this number and do not know the thread.")
    return send


def sends_beside(send: Send, between: tuple[datetime, datetime]) -> list[Send]:
    """Our texts to that number in these minutes, of which a message beside `send` may be the echo.

    All of them, whatever their thread: an answer without a thread id leaves us without a way to tell them apart.
    """
    posted = {"posted_at__range": between, "state__in": MAY_HAVE_LEFT}
    theirs = {"contact": send.contact_id} if send.contact_id else {"contact__isnull": True, "to": send.to}
    same = Send.objects.filter(agent=send.agent_id, mode=send.mode, **theirs, **posted)
    return list(same.order_by("-posted_at")[:50])


def conversation_of(send: Send) -> Conversation:
    """The conversation that the send belongs to, made if need be, and locked. Raises NotMatched."""
    contact = send.contact or Contact.objects.filter(phone=send.to).first()
    if contact is None:
        raise NotMatched("Nobody in the contacts has this number.")
    theirs = Conversation.objects.filter(contact=contact, agent=send.agent, mode=send.mode)
    locked = theirs.select_for_update(of=("self",), no_key=True).order_by()
    if not (found := list(locked[:1])):
        Conversation.objects.get_or_create(contact=contact, agent=send.agent, mode=send.mode)
        found = list(locked[:1])
    return found[0]


def e164(number: str) -> str:
    """The number if it is one as Revmo sends them, else nothing."""
    kept = re.sub(r"[\s().-]", "", number)
    return kept if re.fullmatch(E164_REGEX, kept) else ""


def _key_of(reference: str) -> int | None:
    """Our key for the text, if the reference is one that we have signed."""
    if not reference:
        return None
    try:
        return int(reference_signer().unsign(reference))
    except (BadSignature, ValueError):
        return None


def _in_thread(thread_id: str) -> QuerySet[Send]:
    sends = Send.objects.select_related("agent__account", "contact").filter(
        mode=Mode.current(), state__in=MAY_HAVE_LEFT
    )
    return sends.filter(thread_id=thread_id).exclude(thread_id="").order_by("-posted_at", "-id")
