"""Owe somebody one text outside a campaign: a test of a draft, or what staff write themselves.

It is a row of the same queue, so it goes through the same engine under the same promises. To whom a test may go in live
mode is the caller's rule, who knows what the test is for.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from campaigns.models import Agent, Mode, Send
from campaigns.tasks import wake_workers
from contacts.models import E164_REGEX, Contact, Suppression
from contacts.suppressing import lock_numbers

Kind = Literal[Send.Kind.TEST, Send.Kind.REPLY]


class CannotOwe(ValueError):
    """Nothing was queued; the text is a sentence for the person who tried."""


def owe(
    *,
    kind: Kind,
    agent: Agent,
    to: str,
    contact: Contact | None = None,
    text: str = "",
    trigger: str = "",
    metadata: Mapping[str, Any] | None = None,
    no_agent: bool = False,
    due_at: datetime | None = None,
    window_ends_at: datetime | None = None,
    expires_at: datetime | None = None,
    form_token: UUID | None = None,
) -> Send:
    """Queue one text to `to` (E.164), due now unless `due_at` says later, and wake a worker.

    A form carries a `form_token` made when it was shown: a double click, or a POST that comes once more, gets the row
    that the first one made. A reply needs its contact. In one transaction with the caller's. Raises CannotOwe.
    """
    said = {
        "kind": kind,
        "agent": agent,
        "contact": contact,
        "to": to,
        "text": text,
        "trigger": trigger,
        "metadata": dict(metadata or {}),
        "no_agent": no_agent,
    }
    when = {"due_at": due_at, "window_ends_at": window_ends_at, "expires_at": expires_at}
    fields = {**said, **{name: at for name, at in when.items() if at is not None}, "mode": Mode.current()}
    _check(to, text, trigger)
    with transaction.atomic():
        # Held until the commit: an opt-out is either seen below, or comes after us and ends our row.
        lock_numbers([to], shared=True)
        made = Send.objects.filter(form_token=form_token).first() if form_token else None
        if made is None and (stands := Suppression.objects.standing().filter(phone=to).first()) is not None:
            raise CannotOwe(f"{stands.refusal} Nothing was sent.")
        if made is None and form_token:  # the second of two presses at once waits in here for the first one's commit
            made, _ = Send.objects.get_or_create(form_token=form_token, defaults=fields)
        elif made is None:
            made = Send.objects.create(**fields)
        if any(getattr(made, name) != value for name, value in said.items()):
            raise CannotOwe("This form has already sent another text. Nothing more was sent; open the form again.")
        wake_workers()
    return made


def _check(to: str, text: str, trigger: str) -> None:
    if not text.strip() and not trigger.strip():
        raise CannotOwe("There is nothing to say: write a text or choose a trigger. Nothing was sent.")
    if not re.search(E164_REGEX, to):
        raise CannotOwe("This is not a full number with its country code. Nothing was sent.")
