"""Trigger contracts: who lacks what the agent needs is held back with the reason."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from campaigns.models import Campaign, RehearsedText, Trigger, TriggerKey
from campaigns.rehearsal import current, rehearse
from contacts.models import Attribute, Contact
from tests.makers import make_agent, make_campaign, number

pytestmark = pytest.mark.django_db
Outcome = RehearsedText.Outcome


def person(index: int = 0, **attributes: Any) -> Contact:
    return Contact.objects.create(phone=number(index), first_name="Jane", attributes=attributes)


def trigger(**keys: dict[str, Any]) -> Trigger:
    made = Trigger.objects.create(agent=make_agent(), phrase="appointment_reminder")
    for key, fields in keys.items():
        Attribute.objects.create(name=key, label=key)
        TriggerKey.objects.create(trigger=made, key=key, **fields)
    return made


def campaign(people: list[Contact], made: Trigger, **metadata: Any) -> Campaign:
    return make_campaign(people, agent=made.agent, message="", trigger=made, metadata=metadata)


def only(rehearsed: Campaign) -> RehearsedText:
    return rehearse(rehearsed).texts.get()


def test_a_field_of_the_person_becomes_what_the_agent_knows() -> None:
    made = trigger(at={"kind": "moment"}, owed={"kind": "number"}, member={"kind": "yesno"})
    jane = person(at="2025-02-22T15:00:00Z", owed=12.5, member=True)
    text = only(
        campaign([jane], made, at="{{ at }}", owed="{{ owed }}", member="{{ member }}", note="Hi {{ first_name }}")
    )
    assert text.outcome == Outcome.WILL_SEND
    assert text.metadata == {"at": "2025-02-22T15:00:00Z", "owed": 12.5, "member": True, "note": "Hi Jane"}


def test_who_lacks_a_required_value_is_held_back() -> None:
    text = only(campaign([person()], trigger(at={"kind": "moment"}), at="{{ at | default: '' }}"))
    assert (text.outcome, text.metadata) == (Outcome.MISSING_DETAIL, {})
    assert text.reason == "The agent needs “at”, and it is blank for this person."


def test_a_required_key_without_a_source_holds_everybody_back() -> None:
    text = only(campaign([person()], trigger(at={"kind": "moment"})))
    assert text.outcome == Outcome.MISSING_DETAIL
    assert "nobody has said where it comes from" in text.reason


def test_who_has_a_wrong_value_is_held_back_even_where_it_is_optional() -> None:
    text = only(campaign([person(at="noon")], trigger(at={"kind": "moment", "required": False}), at="{{ at }}"))
    assert text.outcome == Outcome.WRONG_DETAIL
    assert text.reason.startswith("“at”: “noon” is not a date and time.")


def test_a_default_stands_in_and_an_optional_blank_is_left_out() -> None:
    made = trigger(city={"default": "Washington"}, seats={"kind": "number", "required": False})
    text = only(campaign([person()], made, city="{{ city }}", seats="{{ seats }}"))
    assert (text.outcome, text.metadata) == (Outcome.WILL_SEND, {"city": "Washington"})


def test_without_a_contract_a_blank_value_holds_back_as_in_a_message() -> None:
    jane = person()
    person(1, city="Washington")  # so that there is such a field
    made = campaign([jane, Contact.objects.get(phone=number(1))], trigger(), city="{{ city }}")
    assert set(rehearse(made).texts.values_list("outcome", flat=True)) == {Outcome.BLANK_VALUE, Outcome.WILL_SEND}


def test_json_from_a_script_is_taken_as_it_stands() -> None:
    text = only(campaign([person()], trigger(seats={"kind": "number"}), seats=3, tags=["a", 1], deep={"x": None}))
    assert text.metadata == {"seats": 3, "tags": ["a", 1], "deep": {"x": None}}


def test_a_changed_contract_outdates_the_rehearsal() -> None:
    made = trigger(city={"required": False})
    draft = campaign([person(city="Washington")], made, city="{{ city }}")
    rehearse(draft)
    assert current(draft) is not None
    TriggerKey.objects.update(kind="number")
    assert current(Campaign.objects.get(pk=draft.pk)) is None


def test_a_trigger_names_a_key_once() -> None:
    made = trigger(city={})
    with pytest.raises(IntegrityError), transaction.atomic():
        TriggerKey.objects.create(trigger=made, key="city")
    with pytest.raises(IntegrityError), transaction.atomic():
        TriggerKey.objects.create(trigger=made, key="two words")


def test_example_and_default_must_be_what_they_stand_for() -> None:
    made = trigger()
    with pytest.raises(ValidationError, match="not a number"):
        TriggerKey(trigger=made, key="seats", kind="number", default="many").full_clean()
    with pytest.raises(ValidationError, match="our own reference"):
        TriggerKey(trigger=made, key="rc_send").full_clean()
