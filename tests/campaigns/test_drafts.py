"""Drafts and segments that two people work on: who was first, what they changed, and that nothing is lost unawares."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from campaigns import launching, rehearsal, revising
from campaigns.copying import copy
from campaigns.models import Campaign, Revision, Segment
from tests.campaigns.test_admin_pages import page_of
from tests.makers import make_campaign, make_contacts, make_list

QUESTION = {"match": "all", "rules": [{"field": "first_name", "op": "is", "value": "Person 1"}]}


def browser_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(name.lower(), password="x", first_name=name))
    return client


@pytest.fixture
def dana() -> Client:
    return browser_of("Dana")


@pytest.fixture
def robin() -> Client:
    return browser_of("Robin")


def fields_of(campaign: Campaign, **changed: Any) -> dict[str, Any]:
    """What a browser posts from the page of the draft as it stands."""
    return {
        "version": campaign.version,
        "draft": campaign.pk,
        "name": campaign.name,
        "lists": [one.pk for one in campaign.lists.all()],
        "message": campaign.message,
        "agent": campaign.agent_id,
        "agent_enabled": "on",
        "any_hour": "on",
    } | changed


def save(client: Client, campaign: Campaign, **changed: Any) -> str:
    """Post it; the page that follows."""
    return client.post(page_of(campaign), fields_of(campaign, **changed), follow=True).content.decode()


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


@pytest.mark.django_db
def test_the_page_of_a_draft_says_who_changed_what(dana: Client) -> None:
    campaign = make_campaign(make_contacts(2))
    page = save(dana, campaign, message="Hello there", excluded_people="Person 1")
    assert "<strong>Dana</strong> changed the message and the audience" in page
    assert "without Person 1" in page
    assert "<del>Hello {{ first_name }}</del>" in page
    assert fresh(campaign).version == 1


@pytest.mark.django_db
def test_a_save_that_changes_nothing_outruns_nobody(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    save(dana, campaign)
    assert "is saved as a draft" in save(robin, campaign, message="Hello there")
    assert [one.words for one in Revision.objects.all()] == ["changed the message"]


@pytest.mark.django_db
@pytest.mark.parametrize("button", ["_save", "_rehearse"])
def test_the_second_save_is_refused_in_words_and_nothing_typed_is_lost(
    dana: Client, robin: Client, button: str
) -> None:
    campaign = make_campaign(make_contacts(1))
    save(dana, campaign, message="Hello from Dana", name="Spring and summer")
    page = save(robin, campaign, message="Hello from Robin", **{button: ""})
    assert "Not saved: while you were writing, somebody else saved this draft." in page
    assert "<strong>Dana</strong> changed the name and the message" in page
    assert "<ins>Hello from Dana</ins>" in page
    assert "Hello from Robin</textarea>" in page
    assert "keep theirs" not in page  # both changed the message
    assert (fresh(campaign).message, fresh(campaign).name) == ("Hello from Dana", "Spring and summer")
    assert not campaign.rehearsals.exists()


@pytest.mark.django_db
def test_without_a_version_nothing_is_saved(dana: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    page = save(dana, campaign, message="Hello from a script", version="")
    assert "does not say which version" in page
    assert fresh(campaign).message == "Hello {{ first_name }}"


@pytest.mark.django_db
def test_a_page_shown_again_with_an_error_still_knows_what_was_seen(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    save(dana, campaign, message="Hello from Dana")
    page = save(robin, campaign, message="Hello {{ nobody }}")
    assert '<input type="hidden" name="version" value="0">' in page


@pytest.mark.django_db
def test_one_may_save_over_it_knowingly_but_not_over_a_third(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    save(dana, campaign, message="Hello from Dana")
    save(dana, fresh(campaign), message="Hello again from Dana")
    page = save(robin, campaign, message="Hello from Robin", over=1)
    assert "<ins>Hello again from Dana</ins>" in page
    assert "is saved as a draft" in save(robin, campaign, message="Hello from Robin", over=2)
    assert fresh(campaign).message == "Hello from Robin"
    assert Revision.objects.first().parts()[0]["before"] == "Hello again from Dana"  # type: ignore[union-attr]


@pytest.mark.django_db
def test_who_changed_different_things_may_keep_both(dana: Client, robin: Client) -> None:
    everybody = make_contacts(3)
    campaign = make_campaign(everybody)
    other = make_list(everybody[:1], "Others")
    save(dana, campaign, lists=[other.pk], rest_amount=2, rest_unit="days", name="Summer")
    page = save(robin, campaign, message="Hello from Robin")
    assert 'name="both" value="1"' in page
    save(robin, campaign, message="Hello from Robin", both=1)
    found = fresh(campaign)
    assert (found.message, found.name, found.rest_hours, list(found.lists.all())) == (
        "Hello from Robin",
        "Summer",
        48,
        [other],
    )


@pytest.mark.django_db
def test_both_are_not_kept_where_both_changed_one_thing(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    save(dana, campaign, message="Hello from Dana")
    page = save(robin, campaign, message="Hello from Robin", both=1)
    assert "Not saved" in page
    assert fresh(campaign).message == "Hello from Dana"


@pytest.mark.django_db
def test_a_draft_that_was_launched_meanwhile_stays_as_it_was_launched(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    seen = fields_of(campaign, message="Hello from Robin")
    launching.launch(campaign, rehearsal.rehearse(campaign), by=User.objects.get(username="dana"))
    page = robin.post(page_of(campaign), seen).content.decode()
    assert "Not saved: this campaign was launched by Dana" in page
    assert "Hello from Robin</textarea>" in page
    robin.post(page_of(campaign), seen | {"over": "0", "both": "0"})
    assert fresh(campaign).message == "Hello {{ first_name }}"


@pytest.mark.django_db
def test_what_was_typed_into_a_deleted_draft_can_become_a_new_one(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    seen = fields_of(campaign, message="Hello from Robin")
    dana.post(page_of(campaign, "delete"), {"version": 0})
    page = robin.post(page_of(campaign), seen).content.decode()
    assert "somebody has deleted this draft" in page
    robin.post(reverse("admin:campaigns_campaign_add"), seen)
    assert Campaign.objects.get().message == "Hello from Robin"


@pytest.mark.django_db
def test_deleting_says_the_consequence_and_is_refused_after_a_change(dana: Client, robin: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    assert "Nothing of it was sent" in dana.get(page_of(campaign, "delete")).content.decode()
    save(robin, campaign, message="Hello from Robin")
    page = dana.post(page_of(campaign, "delete"), {"version": 0}).content.decode()
    assert "Not deleted" in page
    assert "changed the message" in page
    assert Campaign.objects.exists()
    dana.post(page_of(campaign, "delete"), {"version": 1})
    assert not Campaign.objects.exists()


@pytest.mark.django_db
def test_a_launched_campaign_cannot_be_deleted(dana: Client) -> None:
    campaign = make_campaign(make_contacts(1))
    launching.launch(campaign, rehearsal.rehearse(campaign))
    assert dana.post(page_of(campaign, "delete"), {"version": 0}).status_code == 403
    assert Campaign.objects.exists()


@pytest.mark.django_db
def test_a_copy_has_all_that_staff_wrote_but_name_and_times_and_says_whence(dana: Client) -> None:
    everybody = make_contacts(3)
    campaign = make_campaign(everybody, rest_hours=5, metadata={"city": "x"}, agent_enabled=False)
    campaign.excluded_people.add(everybody[0])
    made = copy(campaign)
    first, second = revising.snapshot(campaign).values, revising.snapshot(made).values
    assert {name for name in first if first[name] != second[name]} == {"name"}
    page = dana.post(page_of(campaign, "copy"), follow=True).content.decode()
    assert "<strong>Dana</strong> copied it from “Spring”" in page


@pytest.mark.django_db
def test_every_field_that_staff_write_is_told_of() -> None:
    campaign = make_campaign(make_contacts(1))
    told = revising.snapshot(campaign)
    assert set(told.words) == {revising.part_of(field) for field in revising.written_fields(Campaign)}
    assert not {"status", "mode", "version", "created_by"} & set(told.values)


@pytest.mark.django_db
def test_a_segment_is_guarded_likewise(dana: Client, robin: Client) -> None:
    segment = Segment.objects.create(name="Locals", question=QUESTION)
    change = reverse("admin:campaigns_segment_change", args=[segment.pk])
    form = {"version": 0, "name": "Locals", "match": "all", "0.field": "first_name", "0.op": "is", "0.value": "Jane"}
    assert "<strong>Dana</strong> changed the question" in dana.post(change, form, follow=True).content.decode()
    page = robin.post(change, form | {"0.value": "John"}).content.decode()
    assert "somebody else saved this segment" in page
    assert "<ins>Everybody whose first name is “Jane”.</ins>" in page
    assert 'value="John"' in page
    segment.refresh_from_db()
    assert segment.question["rules"][0]["value"] == "Jane"
    robin.post(change, form | {"0.value": "John", "over": "1"})
    segment.refresh_from_db()
    assert (segment.question["rules"][0]["value"], segment.version) == ("John", 2)


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_one_is_refused() -> None:
    campaign = make_campaign(make_contacts(1))
    ended: list[str] = []

    def second() -> None:
        mine = fresh(campaign)
        mine.message = "Second"
        try:
            revising.save(mine, 0, None, mine.save)
            ended.append("saved")
        except revising.Outrun:
            ended.append("refused")
        finally:
            connection.close()

    other = threading.Thread(target=second)
    with transaction.atomic():
        first = fresh(campaign)
        first.message = "First"
        revising.save(first, 0, None, first.save)
        other.start()
        other.join(timeout=0.5)
        assert ended == []  # it waits for our commit
    other.join(timeout=30)
    assert ended == ["refused"]
    assert fresh(campaign).message == "First"
