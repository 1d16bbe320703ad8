"""What exactly would go out."""

import json
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from campaigns import held_back, rehearsal, rehearsal_page
from campaigns.models import Campaign, Rehearsal, RehearsedText
from campaigns.rehearsal import CannotRehearse, rehearse
from contacts.models import Contact, Suppression
from contacts.suppressing import confirm, lift, rest, suppress
from tests.makers import make_account, make_agent, make_campaign, make_contacts, make_list, number

pytestmark = pytest.mark.django_db


def outcomes(campaign: Campaign) -> dict[str, str]:
    snapshot = rehearse(campaign)
    return dict(snapshot.texts.values_list("phone", "outcome"))


def test_it_renders_every_person_and_counts() -> None:
    snapshot = rehearse(make_campaign(make_contacts(3)))
    assert (snapshot.will_send, snapshot.held_back, snapshot.segments) == (3, 0, 3)
    assert list(snapshot.texts.values_list("text", flat=True)) == ["Hello Person 0", "Hello Person 1", "Hello Person 2"]


def test_who_opted_out_is_held_back_with_the_reason() -> None:
    campaign = make_campaign(make_contacts(2))
    suppress([number(0)], source=Suppression.Source.STAFF)
    snapshot = rehearse(campaign)
    held = snapshot.texts.get(outcome=RehearsedText.Outcome.OPTED_OUT)
    assert (held.phone, held.reason, held.text) == (number(0), "This number has opted out.", "")
    assert (snapshot.will_send, snapshot.held_back) == (1, 1)


def test_whose_texts_rest_is_held_back_and_not_called_opted_out() -> None:
    campaign = make_campaign(make_contacts(2))
    doubt(campaign)
    snapshot = rehearse(campaign)
    held = snapshot.texts.get(phone=number(0))
    assert (held.outcome, held.text) == (RehearsedText.Outcome.AT_REST, "")
    assert held.reason == "They may have meant stop; texts rest until somebody decides."
    (group,) = held_back.groups(campaign, snapshot)
    assert (group.count, group.place, group.place_url) == (1, "Decide", reverse("admin:contacts_suppression_reviews"))


def test_a_doubt_that_is_confirmed_does_not_outdate_the_rehearsal_and_one_that_is_lifted_does() -> None:
    campaign = make_campaign(make_contacts(3))
    doubt(campaign, number(0), number(1))
    snapshot = rehearse(campaign)
    confirm(Suppression.objects.get(phone=number(0)), by=None)
    assert rehearsal.changed(campaign, snapshot) == []
    lift(Suppression.objects.get(phone=number(1)), by=None, reason="They meant something else.")
    told = ["1 more of them has opted out.", "1 of them may be texted again."]
    assert rehearsal.changed(campaign, snapshot) == told


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_name_holds_the_person_back(blank: str) -> None:
    campaign = make_campaign(make_contacts(1, first_name=blank))
    assert outcomes(campaign) == {number(0): "blank_value"}


def test_a_number_that_cannot_receive_texts_is_held_back() -> None:
    contact = Contact.objects.create(phone="+442079460000", first_name="Landline")
    assert outcomes(make_campaign([contact])) == {"+442079460000": "cannot_receive"}


def test_a_number_that_is_none_any_more_holds_back_one_person_and_not_the_rehearsal() -> None:
    gone = Contact.objects.create(phone="+12005550100", first_name="Gone")
    snapshot = rehearse(make_campaign([*make_contacts(1), gone]))
    assert snapshot.will_send == 1
    assert snapshot.texts.get(contact=gone).reason == "No such number exists: this range is not in use."


def test_a_text_that_is_too_long_is_held_back() -> None:
    contacts = make_contacts(1, attributes={"story": "x" * 1700})
    assert outcomes(make_campaign(contacts, message="{{ story }}")) == {number(0): "too_long"}


def test_one_text_a_number_across_lists() -> None:
    contacts = make_contacts(2)
    campaign = make_campaign(contacts)
    campaign.lists.add(make_list(contacts))
    assert rehearse(campaign).will_send == 2


def test_metadata_is_rendered_for_each_person_and_other_values_stay() -> None:
    campaign = make_campaign(make_contacts(1), metadata={"customer_name": "{{ first_name }}", "visits": 3})
    assert rehearse(campaign).texts.get().metadata == {"customer_name": "Person 0", "visits": 3}


def test_a_blank_metadata_value_holds_the_person_back() -> None:
    campaign = make_campaign(make_contacts(1), message="Hi", metadata={"when": "{{ company }}"})
    assert outcomes(campaign) == {number(0): "blank_value"}


def test_other_columns_are_merge_tags() -> None:
    campaign = make_campaign(make_contacts(1, attributes={"city": "Washington"}), message="In {{ city }}")
    assert rehearse(campaign).texts.get().text == "In Washington"


@pytest.mark.parametrize("message", ["Hi {{ frist_name }}", "Hi {{ first_name", "{{ city }}"])
def test_a_tag_that_nobody_has_is_refused_in_words(message: str) -> None:
    with pytest.raises(CannotRehearse):
        rehearse(make_campaign(make_contacts(1), message=message))


def test_an_empty_audience_is_refused() -> None:
    with pytest.raises(CannotRehearse, match="Nobody is in this audience"):
        rehearse(make_campaign([]))


def test_texts_wait_for_the_window_where_the_person_is() -> None:
    agent = make_agent(make_account())
    agent.account.windows.update(opens=time(12), closes=time(12, 1))
    text = rehearse(make_campaign(make_contacts(1), agent=agent, any_hour=False)).texts.get()
    assert text.window_ends_at is not None
    assert text.due_at is not None
    assert text.window_ends_at - text.due_at <= timedelta(minutes=1)
    assert text.due_at >= timezone.now() - timedelta(minutes=1)


def test_at_any_hour_there_is_no_window() -> None:
    assert rehearse(make_campaign(make_contacts(1))).texts.get().window_ends_at is None


def test_nothing_is_due_before_the_campaigns_time() -> None:
    later = timezone.now() + timedelta(days=2)
    assert rehearse(make_campaign(make_contacts(1), scheduled_at=later)).texts.get().due_at == later


def change_message(campaign: Campaign) -> None:
    campaign.message = "Other"
    campaign.save()


def change_person(campaign: Campaign) -> None:
    contact = Contact.objects.all()[0]
    contact.first_name = "Other"
    contact.save()


def add_person(campaign: Campaign) -> None:
    campaign.lists.add(make_list([Contact.objects.create(phone=number(77), first_name="New")]))


def opt_out(campaign: Campaign) -> None:
    suppress([number(0)], source=Suppression.Source.STAFF)


def doubt(campaign: Campaign, *phones: str) -> None:
    said = {"evidence": "please no more of this?", "doubt": "It may mean stop."}
    rest(phones or [number(0)], **said, said_at=timezone.now())


def change_hours(campaign: Campaign) -> None:
    campaign.agent.account.windows.filter(weekday=3).update(opens=time(10))


def close_a_day(campaign: Campaign) -> None:
    campaign.agent.account.windows.filter(weekday=7).delete()


@pytest.mark.parametrize("change", [change_message, change_person, add_person, opt_out, change_hours, close_a_day])
def test_a_change_makes_the_snapshot_outdated(change: object) -> None:
    campaign = make_campaign(make_contacts(2))
    rehearse(campaign)
    assert rehearsal.current(campaign) is not None
    assert callable(change)
    change(campaign)
    assert rehearsal.current(Campaign.objects.get(pk=campaign.pk)) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_message, "The message was changed."),
        (change_person, "Details of some people were changed."),
        (add_person, "The audience has 3 people now; it had 2."),
        (opt_out, "1 more of them has opted out."),
        (doubt, "1 more of them may have meant stop; their texts rest until somebody decides."),
        (close_a_day, "The account's send windows were changed."),
    ],
)
def test_it_says_in_words_what_has_changed(change: Any, words: str) -> None:
    campaign = make_campaign(make_contacts(2))
    snapshot = rehearse(campaign)
    change(campaign)
    assert words in rehearsal.changed(Campaign.objects.get(pk=campaign.pk), snapshot)


def test_a_rehearsal_that_is_canceled_stops_and_is_not_current() -> None:
    campaign = make_campaign(make_contacts(3))
    started = rehearsal.start(campaign)
    assert rehearsal.cancel(started)
    with pytest.raises(CannotRehearse, match="canceled or replaced"):
        rehearsal.work(Rehearsal.objects.get())
    assert rehearsal.current(campaign) is None
    assert not RehearsedText.objects.exists()


def test_odd_characters_survive_the_way_into_the_snapshot() -> None:
    story = "tab\there, back\\slash, line\nbreak, “quotes” and 🎉"
    campaign = make_campaign(
        make_contacts(1, attributes={"story": story}), message="{{ story }}", metadata={"s": story}
    )
    text = rehearse(campaign).texts.get()
    assert (text.text, text.metadata) == (story, {"s": story})


def test_the_page_says_in_one_sentence_what_will_happen_and_what_it_costs() -> None:
    agent = make_agent(make_account(segment_price=Decimal("0.05")))
    contacts = [*make_contacts(2), Contact.objects.create(phone="+442079460000", first_name="Landline")]
    begin = datetime(2030, 6, 3, 14, tzinfo=UTC)  # 10 AM in New York
    campaign = make_campaign(contacts, agent=agent, any_hour=False, scheduled_at=begin, spread_minutes=300)
    snapshot = rehearse(campaign)
    context = rehearsal_page.shown(campaign, snapshot, User())
    expected = "2 people will get a text between 10 AM and 11:40 AM on Monday, Jun 3, their time; 1 is held back."
    assert context["sentence"] == expected
    assert context["cost"] == "0.10 USD"
    assert json.loads(context["chart"])["labels"] == ["10 AM", "11 AM"]
    assert next((part.label, part.count) for part in context["bar"]) == ("Will be sent", 2)
