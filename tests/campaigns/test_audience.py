"""Whom a campaign includes and leaves out, and the sum that the page shows."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from campaigns import rehearsal
from campaigns.audience import audience, clock_of, explain
from campaigns.choices import MANY, Choice, in_words
from campaigns.copying import copy
from campaigns.counting import count
from campaigns.models import Campaign, Segment, Send
from campaigns.segmenting import QuestionProblem
from contacts.models import Attribute, Contact, ContactList, Suppression
from contacts.suppressing import rest, suppress
from tests.campaigns.test_admin_pages import page_of, signed_in
from tests.makers import launched, make_agent, make_campaign, make_contacts, make_list, number

pytestmark = pytest.mark.django_db

NAMED = {"match": "all", "rules": [{"field": "first_name", "op": "is", "value": "Person 1"}]}


def people(campaign: Campaign) -> list[str]:
    return [contact.first_name.removeprefix("Person ") for contact in audience(campaign)]


def test_lists_segments_and_single_people_come_together_once() -> None:
    everybody = make_contacts(6)
    campaign = make_campaign(everybody[:2])
    campaign.lists.add(make_list(everybody[1:3]))
    campaign.segments.add(Segment.objects.create(name="One", question=NAMED))
    campaign.people.add(everybody[0], everybody[5])
    assert people(campaign) == ["0", "1", "2", "5"]


def test_a_segment_alone_is_an_audience() -> None:
    make_contacts(3)
    campaign = make_campaign()
    campaign.lists.clear()
    campaign.segments.add(Segment.objects.create(name="One", question=NAMED))
    assert people(campaign) == ["1"]


def test_lists_segments_and_single_people_are_left_out() -> None:
    everybody = make_contacts(5)
    campaign = make_campaign(everybody)
    campaign.excluded_lists.add(make_list(everybody[2:3]))
    campaign.excluded_segments.add(Segment.objects.create(name="One", question=NAMED))
    campaign.excluded_people.add(everybody[4])
    assert people(campaign) == ["0", "3"]


def test_a_segment_of_everybody_leaves_everybody_out() -> None:
    campaign = make_campaign(make_contacts(2))
    campaign.excluded_segments.add(Segment.objects.create(name="All", question={"rules": []}))
    assert people(campaign) == []


def test_who_had_a_text_lately_or_talks_with_us_is_left_out() -> None:
    earlier = launched(4)
    first, second, third = list(earlier.sends.order_by("pk")[:3])
    for send, hours in ((first, 1), (second, 30)):
        type(send).objects.filter(pk=send.pk).update(
            state="accepted", posted_at=timezone.now() - timedelta(hours=hours), finished_at=timezone.now()
        )
    Contact.objects.filter(phone=third.to).update(conversation_open=True)
    earlier.sends.exclude(pk__in=[first.pk, second.pk]).update(state="failed", reason="X", finished_at=timezone.now())
    campaign = make_campaign(list(Contact.objects.order_by("pk")), rest_hours=24)
    assert people(campaign) == ["1", "2", "3"]
    campaign.rest_hours, campaign.skip_open_conversations = 48, True
    assert people(campaign) == ["3"]


def test_whose_text_still_waits_is_left_out_with_those_who_had_one_lately() -> None:
    earlier = launched(3)
    earlier.sends.filter(to=number(0)).update(state="failed", reason="X", finished_at=timezone.now())
    campaign = make_campaign(list(Contact.objects.order_by("pk")))
    assert people(campaign) == ["0", "1", "2"]
    campaign.rest_hours = 24
    assert people(campaign) == ["0"]


def test_a_rehearsal_stays_current_while_nothing_but_time_passes() -> None:
    """Else nothing could be launched on the day after a long campaign: every second somebody's rest is over."""
    earlier = launched(3)
    with time_machine.travel("2026-05-10 12:00:00Z") as clock:
        for index, send in enumerate(earlier.sends.order_by("pk")):
            at = timezone.now() - timedelta(hours=24, seconds=5 - 10 * index)
            Send.objects.filter(pk=send.pk).update(state="accepted", posted_at=at, finished_at=at)
        campaign = make_campaign(list(Contact.objects.order_by("pk")), rest_hours=24)
        snapshot = rehearsal.rehearse(campaign)
        assert snapshot.will_send == 1
        clock.shift(3600)
        assert rehearsal.current(campaign) == snapshot
        Send.objects.filter(to=number(0)).update(posted_at=timezone.now())
        assert rehearsal.current(campaign) is None


def test_a_question_about_today_is_asked_anew_on_the_next_day() -> None:
    Attribute.objects.create(name="due", label="Due", kind="date")
    with time_machine.travel("2026-05-10 12:00:00Z") as clock:
        make_contacts(1, attributes={"due": "2026-05-10"})
        campaign = make_campaign()
        today = {"match": "all", "rules": [{"field": "attribute:due", "op": "next_days", "value": 1}]}
        campaign.segments.add(Segment.objects.create(name="Due", question=today))
        snapshot = rehearsal.rehearse(campaign)
        assert rehearsal.current(campaign) == snapshot
        clock.shift(24 * 3600)
        assert rehearsal.current(campaign) is None


def test_who_got_a_campaign_or_did_not_reply_to_it_is_left_out() -> None:
    earlier = launched(3)
    earlier.sends.update(state="accepted", posted_at=timezone.now(), finished_at=timezone.now())
    earlier.sends.filter(to=number(0)).update(replied_at=timezone.now())
    everybody = [*Contact.objects.order_by("pk"), Contact.objects.create(phone=number(9), first_name="Person 9")]
    campaign = make_campaign(everybody)
    campaign.excluded_silent.add(earlier)
    assert people(campaign) == ["0", "9"]
    campaign.excluded_recipients.add(earlier)
    assert people(campaign) == ["9"]


def test_the_sum_counts_every_step() -> None:
    everybody = make_contacts(6)
    suppress([number(0)], source=Suppression.Source.STAFF)
    rest([number(1), number(2)], evidence="no more?", doubt="It may mean stop.", said_at=timezone.now())
    campaign = make_campaign(everybody[:4])
    campaign.lists.add(make_list(everybody[2:], "Others"))
    campaign.excluded_people.add(everybody[5])
    campaign.excluded_lists.add(make_list(everybody[4:], "Staff"))
    found = count(Choice.of(campaign), clock_of(campaign.agent.account))
    assert sorted(step.people for step in found.included) == [4, 4]
    assert {step.words: step.people for step in found.excluded} == {"are on Staff": 2, "are left out one by one": 1}
    assert (found.before, found.remain, found.opted_out, found.at_rest, len(found.sample)) == (6, 4, 1, 2, 4)
    assert in_words(Choice.of(campaign)).endswith("Others; without Staff, 1 single person")


def test_why_somebody_is_in_it_or_not_is_told_as_the_audience_decides(django_assert_num_queries: Any) -> None:
    everybody = make_contacts(6)
    suppress([number(1)], source=Suppression.Source.STAFF)
    rest([number(3)], evidence="no more?", doubt="It may mean stop.", said_at=timezone.now())
    campaign = make_campaign(everybody[:4])
    campaign.lists.first().members.through.objects.filter(contact=everybody[0]).delete()  # type: ignore[union-attr]
    campaign.segments.add(Segment.objects.create(name="One", question=NAMED))
    campaign.excluded_people.add(everybody[2], everybody[5])
    campaign.skip_open_conversations = True
    Contact.objects.filter(pk=everybody[2].pk).update(conversation_open=True)
    choice, clock = Choice.of(campaign), clock_of(campaign.agent.account)
    queries = 4  # what can be asked, then everybody at once
    with django_assert_num_queries(queries):
        told = explain(choice, clock, Contact.objects.order_by("pk"))
    assert [one.person for one in told if one.is_in] == list(audience(campaign))
    assert [one.person.first_name for one in told if one.is_in] == ["Person 1", "Person 3"]
    assert [one.opted_out for one in told] == [False, True, False, False, False, False]
    assert [one.at_rest for one in told] == [False, False, False, True, False, False]
    assert told[1].brought_in[1:] == ["are in One"]
    assert told[2].left_out == ["are left out one by one", "have an open conversation"]
    assert (told[4].brought_in, told[4].left_out) == ([], [])


def test_the_page_says_whether_jane_is_in_it_and_why() -> None:
    contacts = make_contacts(3)
    given = posted(lists=[make_list(contacts[:2], "Patients").pk], excluded_people=number(0))
    client = signed_in("view_campaign")
    address = reverse("admin:campaigns_campaign_asked")

    def told(term: str) -> str:
        return " ".join(strip_tags(client.post(address, given | {"asked": term}).content.decode()).split())

    assert "Left out, with those who are left out one by one. Else in it, with those who are on Patients." in told(
        "0100"
    )
    assert "In it, with those who are on Patients." in told("0101")
    assert "Not in it" in told("0102")
    assert "In it" in told("person")
    assert "No contact has a name or number" in told("Nobody")


def test_the_page_does_not_count_what_it_cannot_read() -> None:
    given = posted(lists=[make_list(make_contacts(2)).pk], excluded_people="Somebody Else")
    shown = signed_in("view_campaign").post(reverse("admin:campaigns_campaign_people"), given).content.decode()
    assert "Not counted yet. No contact has the name" in shown
    assert "<dl" not in shown


def test_the_page_counts_a_campaign_that_is_offered_no_more() -> None:
    earlier = launched(2)
    earlier.sends.update(state="accepted", posted_at=timezone.now(), finished_at=timezone.now())
    campaign = make_campaign(list(Contact.objects.all()))
    campaign.excluded_recipients.add(earlier)
    Campaign.objects.filter(pk=earlier.pk).update(mode="live")  # of the other mode, so not offered any more
    given = posted(lists=[campaign.lists.get().pk], excluded_recipients=[earlier.pk], draft=campaign.pk)
    shown = signed_in("view_campaign").post(reverse("admin:campaigns_campaign_people"), given).content.decode()
    assert "less those who got “Spring”" in shown


def leave_out(campaign: Campaign) -> None:
    campaign.excluded_people.add(Contact.objects.all()[0])


def skip_who_talks(campaign: Campaign) -> None:
    Contact.objects.all().update(conversation_open=True)
    campaign.skip_open_conversations = True
    campaign.save()


def change_segment(campaign: Campaign) -> None:
    Segment.objects.update(question={"match": "all", "rules": [{"field": "email", "op": "filled"}]})


def break_segment(campaign: Campaign) -> None:
    Segment.objects.update(question={"match": "all", "rules": [{"field": "list", "op": "on", "value": "0"}]})


@pytest.mark.parametrize("change", [leave_out, skip_who_talks, change_segment, break_segment])
def test_a_change_of_the_audience_makes_the_snapshot_outdated(change: Any) -> None:
    make_contacts(3)
    campaign = make_campaign(agent=make_agent())
    campaign.excluded_segments.add(Segment.objects.create(name="One", question=NAMED))
    campaign.people.set(Contact.objects.all())
    rehearsal.rehearse(campaign)
    assert rehearsal.current(campaign) is not None
    change(campaign)
    assert rehearsal.current(Campaign.objects.get(pk=campaign.pk)) is None


def test_a_segment_that_cannot_be_asked_stops_the_rehearsal_with_its_name() -> None:
    campaign = make_campaign(make_contacts(1))
    campaign.excluded_segments.add(Segment.objects.create(name="Old", question={"rules": [{"field": "gone"}]}))
    with pytest.raises(rehearsal.CannotRehearse, match="Segment “Old”"):
        rehearsal.rehearse(campaign)
    with pytest.raises(QuestionProblem):
        audience(campaign)


def test_a_copy_has_the_same_audience() -> None:
    everybody = make_contacts(4)
    campaign = make_campaign(everybody, rest_hours=5, skip_open_conversations=True)
    campaign.excluded_people.add(everybody[0])
    campaign.excluded_segments.add(Segment.objects.create(name="One", question=NAMED))
    campaign.excluded_silent.add(make_campaign())
    made = copy(campaign)
    assert Choice.of(made) == Choice.of(campaign)
    assert set(MANY) < {field.name for field in Campaign._meta.get_fields()}


def posted(**fields: Any) -> dict[str, Any]:
    return {"name": "Spring", "message": "Hi", "agent": make_agent(is_default=True).pk, "agent_enabled": "on"} | fields


def test_the_form_takes_people_by_name_and_number_and_a_time_since_their_last_text() -> None:
    make_contacts(3)
    Contact.objects.filter(phone=number(2)).update(first_name="Jane", last_name="Doe")
    client = signed_in(superuser=True)
    given = posted(
        people=f"Person 0, {number(0)}\n(202) 555-0101\nJane Doe",
        excluded_people="jane doe",
        rest_amount=3,
        rest_unit="days",
    )
    client.post(reverse("admin:campaigns_campaign_add"), given)
    campaign = Campaign.objects.get()
    assert people(campaign) == ["0", "1"]
    assert campaign.rest_hours == 72
    page = client.get(page_of(campaign)).content.decode()
    assert f"Jane Doe {number(2)}" in page
    assert "None of these people" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose at least one list or segment"),
        ({"people": "(202) 555-0177"}, "No contact has the number"),
        ({"people": "Person"}, "No contact has the name"),
        ({"people": "Twin One"}, "Several contacts have the name"),
    ],
)
def test_the_form_says_who_is_nobody(fields: dict[str, str], words: str) -> None:
    make_contacts(2, first_name="Twin", last_name="One")
    answer = signed_in(superuser=True).post(reverse("admin:campaigns_campaign_add"), posted(**fields))
    assert words in answer.content.decode()
    assert not Campaign.objects.exists()


def test_the_page_counts_what_the_form_means_and_saves_nothing() -> None:
    contacts = make_contacts(3)
    made = make_list(contacts, "Patients")
    client = signed_in("view_campaign")
    given = posted(lists=[made.pk], excluded_people=number(0))
    shown = client.post(reverse("admin:campaigns_campaign_people"), given).content.decode()
    assert "those who are on Patients" in shown
    assert "<strong>2</strong>" in shown
    assert "Person 1, Person 2" in shown
    assert (
        "Nobody who had a text" in client.post(reverse("admin:campaigns_campaign_exclusions"), given).content.decode()
    )
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("part", ["people", "exclusions", "preview"])
def test_the_parts_of_the_page_answer_to_a_post_of_those_who_may_look(part: str) -> None:
    address = reverse(f"admin:campaigns_campaign_{part}")
    assert signed_in(superuser=True).get(address).status_code == 405
    assert signed_in().post(address).status_code == 403


def segment_form(**fields: str) -> dict[str, str]:
    return {"name": "Locals", "match": "all", "0.field": "first_name", "0.op": "is", "0.value": "Person 1"} | fields


def test_a_segment_is_built_counted_and_saved() -> None:
    make_contacts(3)
    client = signed_in(superuser=True)
    shown = client.post(reverse("admin:campaigns_segment_build"), segment_form()).content.decode()
    assert "Everybody whose first name is “Person 1”." in shown
    assert "1 person" in " ".join(strip_tags(shown).split())
    assert not Segment.objects.exists()
    client.post(reverse("admin:campaigns_segment_add"), segment_form())
    segment = Segment.objects.get()
    assert (segment.name, segment.question) == ("Locals", NAMED)
    assert "Everybody whose first name" in client.get(reverse("admin:campaigns_segment_changelist")).content.decode()
    change = reverse("admin:campaigns_segment_change", args=[segment.pk])
    client.post(change, segment_form(**{"0.value": "Person 2", "version": "0"}))
    segment.refresh_from_db()
    assert segment.question["rules"][0]["value"] == "Person 2"
    assert "first name is “Person 2”" in client.get(change).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "Give the segment a name"),
        ({"0.value": ""}, "compared with"),
        ({"name": "Taken"}, "already exists"),
    ],
)
def test_a_segment_that_is_not_finished_is_not_saved_and_nothing_is_lost(fields: dict[str, str], words: str) -> None:
    Segment.objects.create(name="Taken", question=NAMED)
    answer = signed_in(superuser=True).post(reverse("admin:campaigns_segment_add"), segment_form(**fields))
    assert words in answer.content.decode()
    assert "0.field" in answer.content.decode()
    assert Segment.objects.count() == 1


def test_a_segment_that_a_draft_needs_cannot_be_deleted() -> None:
    segment = Segment.objects.create(name="One", question=NAMED)
    campaign = make_campaign(make_contacts(1))
    campaign.excluded_segments.add(segment)
    client = signed_in(superuser=True)
    delete = reverse("admin:campaigns_segment_delete", args=[segment.pk])
    assert client.post(delete, {"version": 0}).status_code == 403
    assert (
        "cannot be deleted" in client.get(reverse("admin:campaigns_segment_change", args=[segment.pk])).content.decode()
    )
    campaign.excluded_segments.clear()
    assert "Everybody whose first name" in client.get(delete).content.decode()
    assert client.post(delete, {"version": 0}).status_code == 302
    assert not Segment.objects.exists()


def test_who_may_only_look_saves_no_segment() -> None:
    Segment.objects.create(name="One", question=NAMED)
    client = signed_in("view_segment")
    change = reverse("admin:campaigns_segment_change", args=[Segment.objects.get().pk])
    assert "Save the segment" not in client.get(change).content.decode()
    assert client.post(change, segment_form()).status_code == 403
    assert client.post(reverse("admin:campaigns_segment_add"), segment_form()).status_code == 403
    assert Segment.objects.get().name == "One"
    assert not ContactList.objects.exists()
