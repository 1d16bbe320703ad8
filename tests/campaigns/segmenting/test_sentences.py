"""A question read as a sentence."""

import pytest

from campaigns.segmenting import Catalogue, everybody_in, read
from tests.campaigns.segmenting.oracle import CLOCK
from tests.campaigns.segmenting.worlds import World, ask, rule
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db


def test_a_question_reads_as_a_sentence(world: World) -> None:
    on_list, campaign = str(world.lists[0].pk), str(world.campaigns[0].pk)
    assert ask() == "Everybody."
    assert ask(rule("attribute:city", "is", "Washington"), rule("texted", "not_last_days", 7)) == (
        "Everybody whose “City” is “Washington” and who was not texted in the last 7 days."
    )
    assert ask(rule("list", "on", on_list), rule("campaign", "silent", campaign), match="any") == (
        "Everybody who is on “List 0” or who got and did not reply to “Campaign 0”."
    )
    assert (
        ask(rule("consent_at", "from", "2026-01-15")) == "Everybody whose consent date is on or after January 15, 2026."
    )
    inner = {"match": "any", "rules": [rule("email", "filled"), rule("attribute:visits", "at_least", 1200)]}
    assert ask(rule("opted_out", "no"), inner) == (
        "Everybody who did not opt out and (whose e-mail is filled in or whose “Visits” is at least 1,200)."
    )


def test_who_may_have_meant_stop_is_not_said_to_have_opted_out(world: World) -> None:
    assert ask(rule("at_rest", "yes")) == "Everybody whose texts rest until somebody decides whether they meant stop."


def test_whose_consent_is_not_recorded_can_be_asked(world: World) -> None:
    make_contacts(1)
    assert ask(rule("consent_source", "is", "none")) == "Everybody whose consent source is “Not recorded”."
    question = read({"rules": [rule("consent_source", "is", "none")]}, Catalogue.load())
    assert everybody_in(question, CLOCK).count() == 1
