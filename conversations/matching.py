"""Which of our texts, and which conversation, an event is about.

Only texts of this process's mode are looked at (promise 7).
"""

import re
from collections.abc import Collection, Sequence
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


_BEGIN = """
INSERT INTO conversations_conversation (contact_id, agent_id, mode, handoff_reason, unread)
SELECT contact, agent, %(mode)s, '', false
FROM unnest(%(contacts)s::bigint[], %(agents)s::bigint[]) AS missing(contact, agent)
ON CONFLICT (contact_id, agent_id, mode) DO NOTHING
"""
# Why there is none, for staff.
NOBODY = "Nobody in the contacts has this number."
_NO_NUMBER = "None of our texts is known under this thread, and no number is named."
_ON_ITS_WAY = "A text to this number is still on its way; its thread is not known yet."
_NEVER_TEXTED = "We have never texted this number and do not know the thread."


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
    """Our newest text in the thread, else our newest to the number. Raises NotMatched."""
    (found,) = sends_of_threads([(thread_id, phone)])
    if isinstance(found, NotMatched):
        raise found
    return found


def sends_of_threads(asked: Sequence[tuple[str, str]]) -> list[Send | NotMatched]:
    """For each thread and number our newest text in the thread, else our newest to the number, or why there is none.

    While a text to the number is on its way, its thread is not written down yet, so an unknown thread waits.
    """
    known = _may_have_left().exclude(thread_id="").filter(thread_id__in={thread for thread, _ in asked} - {""})
    in_thread = {send.thread_id: send for send in _newest_of_each(known, "thread_id")}
    others = {phone for thread, phone in asked if thread not in in_thread} - {""}
    to_number = {send.to: send for send in _newest_of_each(_may_have_left().filter(to__in=others), "to")}
    posting = _may_have_left().filter(to__in=others, state=Send.State.POSTING)
    underway = set(posting.values_list("to", flat=True))

    def found(thread: str, phone: str) -> Send | NotMatched:
        if thread in in_thread:
            return in_thread[thread]
        if not phone:
            return NotMatched(_NO_NUMBER)
        if thread and phone in underway:
            return NotMatched(_ON_ITS_WAY)
        return to_number.get(phone) or NotMatched(_NEVER_TEXTED)

    return [found(thread, phone) for thread, phone in asked]


def conversations_of(sends: Sequence[Send]) -> dict[int, Conversation]:
    """The conversation that each send belongs to, by the send's key; made if need be, and all of them locked.

    Locked in one order, so that nobody deadlocks. Sends to numbers that nobody in the contacts has are missing.
    """
    numbers = {send.to for send in sends if send.contact_id is None}
    people = dict(Contact.objects.filter(phone__in=numbers).values_list("phone", "pk")) if numbers else {}
    keys = {send.pk: (contact, send.agent_id) for send in sends if (contact := send.contact_id or people.get(send.to))}
    found = _locked(keys.values())
    if missing := sorted(set(keys.values()) - found.keys()):
        contacts, agents = zip(*missing, strict=True)
        run(_BEGIN, {"contacts": list(contacts), "agents": list(agents), "mode": Mode.current().value})
        found |= _locked(missing)
    return {pk: found[key] for pk, key in keys.items()}


def conversation_of(send: Send) -> Conversation:
    """The conversation that the send belongs to, made if need be, and locked. Raises NotMatched."""
    found = conversations_of([send])
    if not found:
        raise NotMatched(NOBODY)
    return found[send.pk]


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


def _may_have_left() -> QuerySet[Send]:
    sends = Send.objects.select_related("agent__account").defer("text", "metadata")
    return sends.filter(mode=Mode.current(), state__in=MAY_HAVE_LEFT)


def _newest_of_each(sends: QuerySet[Send], field: str) -> QuerySet[Send]:
    return sends.order_by(field, "-posted_at", "-id").distinct(field)


def _locked(keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], Conversation]:
    """Those of these contacts with these agents that there are."""
    theirs = Conversation.objects.in_mode(Mode.current()).filter(
        contact__in={contact for contact, _ in keys}, agent__in={agent for _, agent in keys}
    )
    locked = theirs.select_for_update(of=("self",), no_key=True).order_by("pk")
    return {(one.contact_id, one.agent_id): one for one in locked}
