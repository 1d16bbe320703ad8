"""What was sent and said, in this process's mode alone."""

from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Mode, Send
from campaigns.segmenting import Catalogue, Clock, compile_question, read
from contacts.models import Contact
from tests.campaigns.segmenting.oracle import CLOCK
from tests.campaigns.segmenting.worlds import World, ask, rule
from tests.makers import make_contacts, make_send

pytestmark = pytest.mark.django_db

HISTORY = (("texted", "ever"), ("texted", "last_days"), ("campaign", "got"), ("campaign", "replied"))


def history(world: World) -> list[int]:
    """How many people each question about what was sent finds; the campaign is the first."""
    campaign = str(world.campaigns[0].pk)
    questions = [rule(field, op, campaign if field == "campaign" else 1) for field, op in HISTORY]
    clock = Clock(timezone.now(), CLOCK.zone)
    return [
        Contact.objects.filter(compile_question(read({"rules": [one]}, Catalogue.load()), clock)).count()
        for one in questions
    ]


def test_simulated_texts_are_no_history_in_live_mode(world: World, settings: Any) -> None:
    contact = make_contacts(1)[0]
    world.send(contact, world.campaigns[0], "accepted", timezone.now(), replied=True)
    assert history(world) == [1, 1, 1, 1]
    settings.REVMO_MODE = "live"
    assert history(world) == [0, 0, 0, 0]
    assert "(simulator; counts for nothing)" in ask(rule("campaign", "got", str(world.campaigns[0].pk)))


def test_live_texts_are_no_history_in_the_simulator(world: World, settings: Any) -> None:
    contact = make_contacts(1)[0]
    world.send(contact, world.campaigns[0], "accepted", timezone.now(), replied=True)
    Send.objects.update(mode=Mode.LIVE)
    Campaign.objects.update(mode=Mode.LIVE)
    Contact.objects.update(last_texted_at=timezone.now())
    assert history(world) == [0, 0, 0, 0]
    settings.REVMO_MODE = "live"
    assert history(world) == [1, 1, 1, 1]


def test_a_live_text_on_its_way_counts_as_texted(world: World, settings: Any) -> None:
    contact = make_contacts(2)[0]
    world.send(contact, world.campaigns[0], "posting", timezone.now(), replied=False)
    Send.objects.update(mode=Mode.LIVE)
    Campaign.objects.update(mode=Mode.LIVE)
    make_send(mode=Mode.LIVE, state="posting", lease_until=timezone.now(), posted_at=timezone.now())  # to no contact
    settings.REVMO_MODE = "live"
    assert history(world) == [1, 1, 1, 0]
    never = read({"rules": [rule("texted", "never")]}, Catalogue.load())
    assert Contact.objects.filter(compile_question(never, CLOCK)).count() == 1


@pytest.mark.parametrize("mode", Mode)
def test_a_test_send_is_nobodys_history(world: World, settings: Any, mode: Mode) -> None:
    make_send(
        mode=mode, contact=make_contacts(1)[0], state="posting", lease_until=timezone.now(), posted_at=timezone.now()
    )
    settings.REVMO_MODE = mode.value
    assert history(world) == [0, 0, 0, 0]
