"""Which of our texts, and which conversation, an event is about.

Only texts of this process's mode are looked at (promise 7).
"""

import re

from django.core.signing import BadSignature
from django.db.models import QuerySet

from campaigns.models import Mode, Send
from campaigns.models.sends import reference_signer
from contacts.models import E164_REGEX, Contact
from conversations.models import Conversation

# Those whose text may have left: only they can be delivered or answered.
MAY_HAVE_LEFT = (Send.State.POSTING, Send.State.ACCEPTED, Send.State.UNKNOWN)
UNDECIDED = (Send.Delivery.NONE, Send.Delivery.SENT)


class NotMatched(Exception):
    """What the event names is unknown to us, perhaps only for now; the text says what, for staff."""


def send_of_receipt(reference: str, thread_id: str, phone: str) -> Send:
    """The send that a receipt is about: by our signed reference, else by its thread. Raises NotMatched.

    A thread may hold several of our texts. A receipt without a reference is then given to the only one that
    is still without its last word; where there are several, to none: a wrong status is worse than a late one.
    """
    send = _by_reference(reference)
    if send is not None:
        if phone and phone != send.to:
            raise NotMatched("It carries the reference of a text to another number.")
        return send
    sends = list(_in_thread(thread_id)[:50])
    if phone:
        sends = [send for send in sends if send.to == phone]
    if not sends:
        raise NotMatched("None of our texts is known under this thread or reference.")
    undecided = [send for send in sends if send.delivery in UNDECIDED]
    if len(undecided) > 1:
        raise NotMatched("Several of our texts share this thread, and the receipt does not say which it means.")
    return undecided[0] if undecided else sends[0]


def send_of_thread(thread_id: str, phone: str) -> Send:
    """Our newest text in the thread, else our newest to the number. Raises NotMatched.

    While a text to the number is on its way, its thread is not written down yet, so an unknown thread waits.
    """
    send = _in_thread(thread_id).first()
    if send is not None:
        return send
    if not phone:
        raise NotMatched("None of our texts is known under this thread, and no number is named.")
    to_number = Send.objects.filter(to=phone, mode=Mode.current(), state__in=MAY_HAVE_LEFT).select_related("agent")
    if thread_id and to_number.filter(state=Send.State.POSTING).exists():
        raise NotMatched("A text to this number is still on its way; its thread is not known yet.")
    send = to_number.order_by("-posted_at", "-id").first()
    if send is None:
        raise NotMatched("We have never texted this number and do not know the thread.")
    return send


def sends_to_answer(send: Send, thread_id: str) -> QuerySet[Send]:
    """The texts that a message beside `send` may repeat or answer: those of its thread, or `send` alone."""
    return _in_thread(thread_id) if thread_id and thread_id == send.thread_id else Send.objects.filter(pk=send.pk)


def conversation_of(send: Send) -> Conversation:
    """The conversation that the send belongs to, made if need be, and locked. Raises NotMatched."""
    contact = send.contact or Contact.objects.filter(phone=send.to).first()
    if contact is None:
        raise NotMatched("Nobody in the contacts has this number.")
    conversation, _ = Conversation.objects.get_or_create(contact=contact, agent=send.agent, mode=send.mode)
    return Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation.pk)


def e164(number: str) -> str:
    """The number if it is one as Revmo sends them, else nothing."""
    kept = re.sub(r"[\s().-]", "", number)
    return kept if re.fullmatch(E164_REGEX, kept) else ""


def _by_reference(reference: str) -> Send | None:
    if not reference:
        return None
    try:
        pk = reference_signer().unsign(reference)
    except BadSignature:
        return None
    return Send.objects.select_related("agent").filter(pk=pk, mode=Mode.current()).first()


def _in_thread(thread_id: str) -> QuerySet[Send]:
    sends = Send.objects.select_related("agent", "contact").filter(mode=Mode.current(), state__in=MAY_HAVE_LEFT)
    return sends.filter(thread_id=thread_id).exclude(thread_id="").order_by("-posted_at", "-id")
