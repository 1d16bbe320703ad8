"""What the carrier said of one of our texts: forward only, in any order, however often."""

from datetime import datetime
from typing import Any

from django.db.models import Case, DateTimeField, F, Field, Q, TextField, Value, When

from campaigns.models import Send
from conversations import matching
from revmo.events import StatusEvent

# Where a delivery may come from; the first of the two ends stands.
_COMES_FROM = {
    Send.Delivery.SENT: [Send.Delivery.NONE],
    Send.Delivery.DELIVERED: [Send.Delivery.NONE, Send.Delivery.SENT],
    Send.Delivery.UNDELIVERED: [Send.Delivery.NONE, Send.Delivery.SENT],
}


class Contradiction(Exception):
    """The event says what cannot be, by all that we know; the text says so to staff, who must look."""


def apply_receipt(receipt: StatusEvent, *, signed: bool, at: datetime) -> str:
    """Write a receipt to its send; returns a note for staff, often empty. Raises NotMatched, Contradiction.

    A signed receipt is evidence that Revmo acted: it turns an unknown into accepted. An unsigned one never
    does. While our own call is under way the receipt waits, because the call's answer decides the state.
    """
    send = matching.send_of_receipt(receipt.reference, receipt.thread_id, matching.e164(receipt.to))
    if send.state == Send.State.POSTING:
        raise matching.NotMatched("Our own call for this text is still under way; its answer comes first.")
    if send.state not in matching.MAY_HAVE_LEFT:
        raise Contradiction(
            f"Revmo reports “{receipt.status}” for a text that stands as “{send.get_state_display()}” here."
        )
    delivery = Send.Delivery(receipt.status)
    _write(send, delivery, receipt, signed=signed, at=at)
    if send.delivery not in _COMES_FROM[delivery] and send.delivery != delivery:
        return f"Came late: the text already stood as “{send.get_delivery_display()}”."
    return ""


def _write(send: Send, delivery: Send.Delivery, receipt: StatusEvent, *, signed: bool, at: datetime) -> None:
    """One guarded update, so that of two receipts at once neither takes the other back."""
    forward = Q(delivery__in=_COMES_FROM[delivery])
    changes = {
        "delivery": _where(forward, "delivery", delivery.value),
        "delivery_at": _where(forward, "delivery_at", at, DateTimeField()),
        "delivery_error": _where(forward, "delivery_error", _error(delivery, receipt)),
        "thread_id": _where(Q(thread_id=""), "thread_id", receipt.thread_id),
    }
    if signed:
        unknown = Q(state=Send.State.UNKNOWN)
        changes["reason"] = _where(unknown, "reason", "Revmo's signed receipt shows that it was sent.")
        changes["state"] = _where(unknown, "state", Send.State.ACCEPTED.value)
    Send.objects.filter(pk=send.pk, state__in=[Send.State.ACCEPTED, Send.State.UNKNOWN]).update(**changes)


def _where(condition: Q, name: str, value: object, field: "Field[Any, Any] | None" = None) -> Case:
    return Case(When(condition, then=Value(value)), default=F(name), output_field=field or TextField())


def _error(delivery: Send.Delivery, receipt: StatusEvent) -> str:
    if delivery != Send.Delivery.UNDELIVERED:
        return ""
    code = f" (code {receipt.error_code})" if receipt.error_code else ""
    return f"{receipt.error_message or 'The carrier gave no reason'}{code}"[:500]
