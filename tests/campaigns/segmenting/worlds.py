"""What the tests of segments ask about: lists, campaigns, people with a history; and how they ask."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.models import Agent, Campaign, Mode, Send
from campaigns.segmenting import Catalogue, read, sentence
from contacts.models import Attribute, Contact, ContactList, Membership, Suppression
from contacts.suppressing import rest, suppress
from tests.campaigns.segmenting.oracle import CAMPAIGNS, LISTS, NOW, Person
from tests.makers import make_agent, make_list, number


@dataclass
class World:
    lists: list[ContactList]
    campaigns: list[Campaign]
    agent: Agent

    def translated(self, tree: dict[str, Any]) -> dict[str, Any]:
        """With the keys of our lists and campaigns in place of their positions."""
        if "rules" in tree:
            return {**tree, "rules": [self.translated(rule) for rule in tree["rules"]]}
        if tree["field"] in ("list", "campaign"):
            known = self.lists if tree["field"] == "list" else self.campaigns
            return {**tree, "value": str(known[tree["value"]].pk)}
        return tree

    def populate(self, everybody: list[Person]) -> dict[int, Person]:
        """Put them into the database, by key."""
        found = {}
        for index, person in enumerate(everybody):
            contact = Contact.objects.create(
                phone=number(index),
                first_name=person.first_name,
                attributes=person.attributes,
                consent_at=person.consent_at,
                consent_source="staff",
                conversation_open=person.conversation_open,
            )
            found[contact.pk] = person
            Membership.objects.bulk_create(
                Membership(contact=contact, contact_list=self.lists[i]) for i in person.lists
            )
            if person.at_rest:
                rest([contact.phone], evidence="no more?", doubt="It may mean stop.", said_at=NOW)
            if person.opted_out:
                suppress([contact.phone], source=Suppression.Source.STAFF)
            for key, (state, at, replied) in person.sends.items():
                self.send(contact, self.campaigns[key], state, at, replied)
        return found

    def send(self, contact: Contact, campaign: Campaign, state: str, at: datetime, replied: bool) -> None:
        ended = state not in Send.OPEN
        Send.objects.create(
            kind=Send.Kind.CAMPAIGN,
            mode=Mode.SIMULATOR,
            agent=self.agent,
            campaign=campaign,
            contact=contact,
            to=contact.phone,
            text="Hello",
            state=state,
            reason="A reason" if state in ("unknown", "failed") else "",
            posted_at=at,
            lease_until=at if state == "posting" else None,
            finished_at=at if ended else None,
            replied_at=at if replied else None,
        )


def make_world() -> World:
    """Own columns of each kind, empty lists, finished campaigns."""
    agent = make_agent()
    for name, kind in {"city": "text", "visits": "number", "2024": "number", "due": "date", "vip": "yesno"}.items():
        Attribute.objects.create(name=name, label=name.title(), kind=kind)
    campaigns = [
        Campaign.objects.create(
            name=f"Campaign {index}", agent=agent, message="Hi", status="finished", mode="simulator", launched_at=NOW
        )
        for index in range(CAMPAIGNS)
    ]
    return World([make_list([], f"List {index}") for index in range(LISTS)], campaigns, agent)


def ask(*rules: dict[str, Any], match: str = "all") -> str:
    """The question as a sentence."""
    catalogue = Catalogue.load()
    return sentence(read({"match": match, "rules": list(rules)}, catalogue), catalogue)


def rule(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """A condition as it is stored."""
    return {"field": field, "op": op, "value": value}
