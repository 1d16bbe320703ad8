"""What the carrier said of our texts: forward only, in any order, however often, and many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.models import Send
from campaigns.sending.statements import run
from conversations import matching
from conversations.matching import Candidate
from revmo.events import StatusEvent

Delivery, State = Send.Delivery, Send.State
# Where a delivery may come from; the first of the two ends stands.
_COMES_FROM = {
    Delivery.SENT: (Delivery.NONE,),
    Delivery.DELIVERED: (Delivery.NONE, Delivery.SENT),
    Delivery.UNDELIVERED: (Delivery.NONE, Delivery.SENT),
}


class Contradiction(Exception):
    """The event says what cannot be, by all that we know; the text says so to staff, who must look."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One report. A signed one is evidence that Revmo acted; `at` is UTC."""

    said: StatusEvent
    signed: bool
    at: datetime


# The note for staff, often empty, or why it could not be applied.
Answer = str | matching.NotMatched | Contradiction


@dataclass(slots=True)
class _Change:
    """What receipts of one round do to one text; what stays empty changes nothing."""

    delivery: str = ""
    at: datetime | None = None
    error: str = ""
    thread_id: str = ""
    proven: bool = False
    places: list[int] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Does it leave the text as it is?"""
        return not (self.delivery or self.thread_id or self.proven)


def apply_receipts(receipts: Sequence[Receipt]) -> list[Answer]:
    """Write receipts to their sends in one guarded statement; an answer for each, in their order.

    A signed receipt turns an unknown into accepted; an unsigned one never does. While our own call is under way the
    receipt waits, because the call's answer decides the state.
    """
    candidates = matching.Candidates([receipt.said for receipt in receipts])
    changes: dict[int, _Change] = {}
    answers = [_note(receipt, place, candidates, changes) for place, receipt in enumerate(receipts)]
    wanted = {pk: change for pk, change in changes.items() if not change.is_empty}
    for pk in wanted.keys() - _write(wanted):
        for place in changes[pk].places:
            answers[place] = matching.NotMatched("Something else is being written to this text; that comes first.")
    return answers


def _note(receipt: Receipt, place: int, candidates: matching.Candidates, changes: dict[int, _Change]) -> Answer:
    """Fold one receipt into the changes, and into what the next one finds."""
    try:
        send = candidates.of_receipt(receipt.said)
        if send.state == State.POSTING:
            raise matching.NotMatched("Our own call for this text is still under way; its answer comes first.")
        if send.state not in matching.MAY_HAVE_LEFT:
            raise Contradiction(
                f"Revmo reports “{receipt.said.status}” for a text that stands as “{State(send.state).label}” here."
            )
    except (matching.NotMatched, Contradiction) as problem:
        return problem
    change = changes.setdefault(send.id, _Change())
    change.places.append(place)
    if not send.thread_id and receipt.said.thread_id:
        send.thread_id = change.thread_id = receipt.said.thread_id
    if receipt.signed and send.state == State.UNKNOWN:
        send.state, change.proven = State.ACCEPTED, True
    return _move(send, change, receipt)


def _move(send: Candidate, change: _Change, receipt: Receipt) -> str:
    delivery = Delivery(receipt.said.status)
    if send.delivery in _COMES_FROM[delivery]:
        send.delivery = change.delivery = delivery
        change.at, change.error = receipt.at, _error(delivery, receipt.said)
    elif send.delivery != delivery:
        return f"Came late: the text already stood as “{Delivery(send.delivery).label}”."
    return ""


def _error(delivery: Send.Delivery, said: StatusEvent) -> str:
    if delivery != Delivery.UNDELIVERED:
        return ""
    code = f" (code {said.error_code})" if said.error_code else ""
    return f"{said.error_message or 'The carrier gave no reason'}{code}"[:500]


# Guarded by what stands now, so that of two receipts at once neither takes the other back. Rows that others write just
# now are passed over instead of waited for, so that nobody deadlocks; their receipts come again a second later.
_WRITE = """
UPDATE campaigns_send AS send
SET delivery = CASE WHEN new.forward THEN new.delivery ELSE send.delivery END,
    delivery_at = CASE WHEN new.forward THEN new.at ELSE send.delivery_at END,
    delivery_error = CASE WHEN new.forward THEN new.error ELSE send.delivery_error END,
    thread_id = CASE WHEN send.thread_id = '' THEN new.thread_id ELSE send.thread_id END,
    reason = CASE WHEN new.proven AND send.state = 'unknown'
        THEN 'Revmo''s signed receipt shows that it was sent.' ELSE send.reason END,
    state = CASE WHEN new.proven THEN 'accepted' ELSE send.state END
FROM (
    SELECT old.id, said.delivery, said.at, said.error, said.thread_id, said.proven,
        CASE old.delivery WHEN 'none' THEN said.delivery <> ''
            WHEN 'sent' THEN said.delivery IN ('delivered', 'undelivered') ELSE false END AS forward
    FROM unnest(%(ids)s::bigint[], %(deliveries)s::text[], %(times)s::timestamptz[], %(errors)s::text[],
        %(threads)s::text[], %(proven)s::bool[]) AS said(id, delivery, at, error, thread_id, proven)
    JOIN campaigns_send AS old ON old.id = said.id
    WHERE (old.state IN ('accepted', 'unknown')) IS TRUE
    FOR NO KEY UPDATE OF old SKIP LOCKED
) AS new
WHERE send.id = new.id
RETURNING send.id
"""


def _write(changes: dict[int, _Change]) -> set[int]:
    """The sends that were written."""
    if not changes:
        return set()
    each: Iterable[_Change] = changes.values()
    rows = run(
        _WRITE,
        {
            "ids": list(changes),
            "deliveries": [change.delivery for change in each],
            "times": [change.at for change in each],
            "errors": [change.error for change in each],
            "threads": [change.thread_id for change in each],
            "proven": [change.proven for change in each],
        },
    )
    return {row[0] for row in rows}
