"""Tests: a message or a trigger sent to a colleague's phone, with the data of a real person.

A test is a text of the kind test, outside every campaign. In live mode it goes only to numbers that somebody has put on
the list for it (`AllowedNumber`); an opted-out number is refused here and again by the engine.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from campaigns.composing import TemplateProblem
from campaigns.models import AllowedNumber, Campaign, Mode, Send, Trigger
from campaigns.scripts import Script, values_of
from campaigns.sending.owing import CannotOwe, owe
from contacts.models import Contact
from contacts.phones import InvalidPhone, parse_phone

# A test is looked for at once; what no worker has sent by then is not sent while nobody looks.
PATIENCE = timedelta(minutes=15)
MOST_NUMBERS, MOST_TRIGGERS = 10, 20


class CannotTest(ValueError):
    """Nothing was sent; the text is a sentence for the person who tried."""


def numbers(colleagues: Iterable[AllowedNumber], typed: str, region: str) -> list[str]:
    """Where the test goes, each number once (E.164). Raises CannotTest."""
    found = [one.phone for one in colleagues]
    if typed.strip():
        try:
            phone = parse_phone(typed, region)
        except InvalidPhone as problem:
            raise CannotTest(f"“{typed.strip()[:40]}”: {problem} Nothing was sent.") from problem
        found.append(phone.e164)
    unique = list(dict.fromkeys(found))
    if not unique:
        raise CannotTest("Say where the test should go: choose a phone or type a number. Nothing was sent.")
    if len(unique) > MOST_NUMBERS:
        raise CannotTest(f"At most {MOST_NUMBERS} phones at a time. Nothing was sent.")
    if Mode.current() == Mode.LIVE:
        allowed = set(AllowedNumber.objects.filter(phone__in=unique).values_list("phone", flat=True))
        for phone in unique:
            if phone not in allowed:
                raise CannotTest(
                    f"{phone} is not on the list of test numbers, and this would be a real text. Add it there first. "
                    "Nothing was sent."
                )
    return unique


def send_tests(draft: Campaign, person: Contact | None, to: Sequence[str], token: UUID, *, every: bool) -> list[Send]:
    """Owe the draft's text to each number, merged with the person's data; `every` takes each trigger of the agent.

    The same `token` owes the same texts once, however often it comes. All or none. Raises CannotTest.
    """
    drafts = _for_every_trigger(draft, person) if every else [draft]
    with transaction.atomic():
        return [_owe(one, person, phone, token) for one in drafts for phone in to]


def stand_in(trigger: Trigger, person: Contact | None) -> tuple[Campaign, Contact]:
    """A campaign of the trigger alone, and somebody to merge it with: examples where the person has no such value."""
    somebody = person or Contact(phone="", first_name="Test")
    values = values_of(somebody, trigger.agent.account.name)
    metadata: dict[str, Any] = {}
    for key in trigger.keys.all():
        own = key.key in values
        metadata[key.key] = f"{{{{ {key.key} }}}}" if own else key.example or key.default
    return Campaign(agent=trigger.agent, trigger=trigger, metadata=metadata, message=""), somebody


def _for_every_trigger(draft: Campaign, person: Contact | None) -> list[Campaign]:
    triggers = list(draft.agent.triggers.prefetch_related("keys").select_related("agent__account")[: MOST_TRIGGERS + 1])
    if not triggers:
        raise CannotTest("This agent has no trigger on file yet. Nothing was sent.")
    if len(triggers) > MOST_TRIGGERS:
        raise CannotTest(f"The agent has more than {MOST_TRIGGERS} triggers; test one at a time. Nothing was sent.")
    drafts = []
    for trigger in triggers:
        one, _ = stand_in(trigger, person)
        mapped = {key: source for key, source in draft.metadata.items() if key in one.metadata}
        one.metadata |= mapped if trigger == draft.trigger else {}
        one.message, one.agent_enabled = draft.message, draft.agent_enabled
        drafts.append(one)
    return drafts


def _owe(draft: Campaign, person: Contact | None, phone: str, token: UUID) -> Send:
    somebody = person or Contact(phone=phone)
    try:
        scripted = Script(draft).merged(somebody)
    except TemplateProblem as problem:
        raise CannotTest(f"{problem} Nothing was sent.") from problem
    trigger = draft.trigger.phrase if draft.trigger is not None else ""
    if scripted.reason:
        about = f" ({trigger})" if trigger else ""
        raise CannotTest(f"{scripted.reason}{about} Nothing was sent.")
    try:
        return owe(
            kind=Send.Kind.TEST,
            agent=draft.agent,
            to=phone,
            contact=Contact.objects.filter(phone=phone).first(),
            text=scripted.text,
            trigger=trigger,
            metadata=scripted.metadata,
            no_agent=not draft.agent_enabled,
            expires_at=timezone.now() + PATIENCE,
            form_token=uuid5(token, f"{phone} {trigger}"),
        )
    except CannotOwe as problem:
        raise CannotTest(f"{phone}: {problem}") from problem
