"""Rows for tests, with only what a test cares about spelled out."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import count
from typing import Any

from phonenumbers import is_valid_number, parse

from campaigns import launching, rehearsal
from campaigns.models import Account, Agent, Campaign, Mode, Send
from contacts.models import Contact, ContactList, Membership

_serial = count()


def number(index: int) -> str:
    """A number of the range kept for fiction that the simulator delivers; then of other area codes."""
    return f"+1{_area_codes()[index // 90]}55501{index % 90:02d}"


@cache
def _area_codes() -> list[int]:
    """Those that exist: a number of any other is none, and a launch leaves it out."""
    return [code for code in range(202, 990) if is_valid_number(parse(f"+1{code}5550100"))]


def make_account(**fields: Any) -> Account:
    """An account fast enough for tests."""
    return Account.objects.create(**{"name": f"Acme {next(_serial)}", "messages_per_second": 1000} | fields)


def make_agent(account: Account | None = None, **fields: Any) -> Agent:
    """An agent with an id that is base64."""
    serial = next(_serial)
    defaults = {"name": f"Agent {serial}", "agent_id": f"QWdlbnQ{serial:04d}="}
    return Agent.objects.create(account=account or make_account(), **defaults | fields)


def make_contacts(amount: int, **fields: Any) -> list[Contact]:
    """Contacts on numbers 0, 1, 2 …"""
    return Contact.objects.bulk_create(
        Contact(**{"phone": number(index), "first_name": f"Person {index}"} | fields) for index in range(amount)
    )


def make_list(contacts: Iterable[Contact], name: str = "") -> ContactList:
    """A list with these members."""
    made = ContactList.objects.create(name=name or f"List {next(_serial)}")
    Membership.objects.bulk_create(Membership(contact=contact, contact_list=made) for contact in contacts)
    return made


def make_campaign(contacts: Sequence[Contact] = (), agent: Agent | None = None, **fields: Any) -> Campaign:
    """A draft that may send at any hour."""
    defaults = {"name": "Spring", "message": "Hello {{ first_name }}", "any_hour": True}
    campaign = Campaign.objects.create(agent=agent or make_agent(), **defaults | fields)
    campaign.lists.add(make_list(contacts))
    return campaign


def launched(amount: int, **fields: Any) -> Campaign:
    """A running campaign that owes `amount` people a text."""
    campaign = make_campaign(make_contacts(amount), **fields)
    launching.launch(campaign, rehearsal.rehearse(campaign))
    return campaign


def make_send(**fields: Any) -> Send:
    """A queued test send, which needs neither campaign nor contact."""
    defaults: dict[str, Any] = {"kind": Send.Kind.TEST, "mode": Mode.SIMULATOR, "to": number(0), "text": "Hello"}
    if "agent" not in fields:
        defaults["agent"] = make_agent()
    return Send.objects.create(**defaults | fields)


def states(campaign: Campaign) -> dict[str, int]:
    """The campaign's sends by state, without those that count nothing."""
    found: dict[str, int] = {}
    for state in campaign.sends.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
