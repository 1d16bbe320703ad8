"""What a reply does to the number it came from: stop, rest, START, HELP. Before the rest of its event, and whatever
becomes of that.
"""

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction

from campaigns.models import Account, Send
from campaigns.sending import brakes, owing
from campaigns.tasks import wake_workers
from contacts.models import Suppression
from contacts.suppressing import allow_confirmation, lift, rest, suppress
from conversations import matching
from conversations.models import WebhookEvent
from conversations.opt_outs import Reading, Said, Words, words_of
from revmo.events import Author, MessageEvent

# Later than this a confirmation must be shown to be reasonable (47 CFR 64.1200(a)(12)); ours is not sent then.
CONFIRM_WITHIN = timedelta(minutes=5)
# Whose opt-out START undoes: their own word, or the carrier's word of it.
_THEIRS = (Suppression.Source.REPLY, Suppression.Source.PROVIDER)


def known_words() -> Words:
    """The words of all accounts, since it may be unknown which of them was answered; what one needs stops texts."""
    accounts = list(Account.objects.values_list("opt_out_words", "not_opt_out_words"))
    fewer = [words_of([], [not_words]).fewer for _, not_words in accounts]
    return Words(
        words_of([more for more, _ in accounts], []).more, frozenset.intersection(*fewer) if fewer else frozenset()
    )


def concerns(text: MessageEvent, said: Said) -> bool:
    """Has the person said anything about texting that does something to the number?"""
    return text.author == Author.CONTACT and said.reading in _ACTS


def honour(text: MessageEvent, event: WebhookEvent, said: Said) -> None:
    """Act on what a contact said about texting, known to us or not, in one transaction.

    Signed or not, an opt-out counts; START counts only signed. What was said before staff lifted a suppression does not
    bring it back, say when the event is replayed.
    """
    phone = matching.e164(text.sender)
    try:
        send = matching.send_of_thread(text.thread_id, phone)
    except matching.NotMatched:
        send = None
    phones = {phone, send.to if send else ""} - {""}
    with transaction.atomic():
        _ACTS[said.reading](sorted(phones), send, said, text, event)


def _stop(phones: list[str], send: Send | None, said: Said, text: MessageEvent, event: WebhookEvent) -> None:
    phones = _not_lifted_since(phones, event.received_at)
    if not suppress(phones, source=Suppression.Source.REPLY, evidence=text.body, said_at=event.received_at):
        return
    if send is not None and send.campaign_id is not None:
        brakes.note_opt_out(send.campaign_id, text.body)
    if send is not None and event.signed and send.to in phones:
        _confirm(send, event.received_at)


def _doubt(phones: list[str], send: Send | None, said: Said, text: MessageEvent, event: WebhookEvent) -> None:
    rest(
        _not_lifted_since(phones, event.received_at),
        evidence=text.body,
        doubt=f"The reply contains “{said.word}”. Do they want no more texts?",
        said_at=event.received_at,
    )


def _start(phones: list[str], send: Send | None, said: Said, text: MessageEvent, event: WebhookEvent) -> None:
    """Unsigned, or where staff have not allowed it, nothing: the reply waits for a person like any other."""
    if not event.signed or send is None or not send.agent.account.start_lifts:
        return
    theirs = Suppression.objects.standing().filter(phone__in=phones, source__in=_THEIRS, under_review=False)
    for suppression in theirs.filter(created_at__lt=event.received_at):
        lift(suppression, by=None, reason=f"They texted “{text.body.strip()}”, signed by Revmo.")


def _help(phones: list[str], send: Send | None, said: Said, text: MessageEvent, event: WebhookEvent) -> None:
    """One answer a number and hour; none to a number that is opted out."""
    if send is None or send.contact is None or not (answer := send.agent.account.help_answer.strip()):
        return
    hour = f"{event.received_at:%Y-%m-%d %H}"
    try:
        owing.owe(
            kind=Send.Kind.REPLY,
            agent=send.agent,
            to=send.to,
            contact=send.contact,
            text=answer,
            no_agent=True,
            expires_at=event.received_at + timedelta(hours=1),
            form_token=uuid5(NAMESPACE_URL, f"help {send.to} {hour}"),
        )
    except owing.CannotOwe:
        return


_ACTS = {Reading.STOP: _stop, Reading.DOUBT: _doubt, Reading.START: _start, Reading.HELP: _help}


def _not_lifted_since(phones: list[str], said_at: datetime) -> list[str]:
    lifted = Suppression.objects.filter(phone__in=phones, lifted_at__gt=said_at).values_list("phone", flat=True)
    return sorted(set(phones) - set(lifted))


def _confirm(send: Send, said_at: datetime) -> None:
    """The one text that may still go to a number that has just opted out, if staff say that nobody else sends it."""
    words = send.agent.account.opt_out_confirmation.strip()
    if not words or send.contact is None:
        return
    confirmation = Send.objects.create(
        kind=Send.Kind.REPLY,
        mode=send.mode,
        agent=send.agent,
        contact=send.contact,
        to=send.to,
        text=words,
        no_agent=True,
        expires_at=said_at + CONFIRM_WITHIN,
    )
    allow_confirmation(send.to, confirmation.pk)
    wake_workers()
