"""Every number opens the list of the people whom it counts, and the list can be searched."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from campaigns import rehearsal
from campaigns.models import Campaign, Segment
from contacts.models import Contact, Suppression
from contacts.suppressing import suppress
from tests.campaigns.test_admin_pages import page_of, signed_in
from tests.makers import launched, make_campaign, make_contacts, make_list, number

pytestmark = pytest.mark.django_db

NAMED = {"match": "all", "rules": [{"field": "first_name", "op": "begins", "value": "Person"}]}


@pytest.fixture
def client() -> Client:
    return signed_in(superuser=True)


def links(page: str, pattern: str = "") -> list[tuple[str, str]]:
    """Address and words of every link that has the pattern in its address."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return [(unescape(to), " ".join(strip_tags(words).split())) for to, words in found if pattern in unescape(to)]


def audience_of(*, sources: Any, less: Any) -> dict[str, Any]:
    """What the form of a draft posts."""
    return {"name": "Spring", "lists": [one.pk for one in sources], "excluded_lists": [one.pk for one in less]}


def test_each_line_of_an_audiences_sum_opens_its_people(client: Client) -> None:
    everybody = make_contacts(6)
    first, second, kept_out = make_list(everybody[:4]), make_list(everybody[3:]), make_list(everybody[:1])
    suppress([number(5)], source=Suppression.Source.STAFF)
    posted = audience_of(sources=[first, second], less=[kept_out])
    page = client.post(reverse("admin:campaigns_campaign_people"), posted).content.decode()
    lines = links(page, "/who/")
    assert [words for _, words in lines] == ["4", "3", "6", "1", "5", "1"]
    for address, words in lines:
        answer = client.get(address)
        assert (answer.context["count"], len(answer.context["people"])) == (int(words), int(words))
    assert [person.phone for person, _ in client.get(lines[-1][0]).context["people"]] == [number(5)]


def test_the_people_are_searched_and_turned_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.people_page.PER_PAGE", 2)
    chosen = make_list(make_contacts(5))
    address = f"{reverse('admin:campaigns_campaign_who')}?lists={chosen.pk}&of=remain"
    seen = []
    page = client.get(address)
    while True:
        seen += [person.phone for person, _ in page.context["people"]]
        if not page.context["more"]:
            break
        page = client.get(reverse("admin:campaigns_campaign_who") + page.context["more"])
    assert seen == [number(index) for index in range(5)]
    found = client.get(f"{address}&q=0103")
    assert [person.phone for person, _ in found.context["people"]] == [number(3)]
    assert "lists" in found.context["kept"]


def test_a_line_that_is_gone_is_not_found_and_what_cannot_be_asked_is_said(client: Client) -> None:
    address = reverse("admin:campaigns_campaign_who")
    for key in ("in.7", "nonsense", "out.x"):
        assert client.get(f"{address}?lists={make_list([]).pk}&of={key}").status_code == 404
    broken = Segment.objects.create(name="Gone", question={"rules": [{"field": "attribute:x", "op": "is", "value": 1}]})
    assert "a column that is gone" in client.get(f"{address}?segments={broken.pk}").content.decode()
    segment = reverse("admin:campaigns_segment_people")
    for question in ("", "{", "[]", "7", '{"rules": 3}'):
        assert 'role="alert"' in client.get(segment, {"question": question}).content.decode()


def test_a_segments_number_opens_its_people_before_it_is_saved(client: Client) -> None:
    make_contacts(3)
    Contact.objects.create(phone=number(8), first_name="Ada")
    suppress([number(1)], source=Suppression.Source.STAFF)
    posted = {"match": "all", "0.field": "first_name", "0.op": "begins", "0.value": "Person"}
    page = client.post(reverse("admin:campaigns_segment_build"), posted).content.decode()
    counts = [client.get(address).context["count"] for address, _ in links(page, "/segment/people/")]
    assert counts == [3, 1]


def test_nobody_sees_people_without_the_permission() -> None:
    chosen = make_list(make_contacts(1))
    client = signed_in("view_campaign", "change_campaign", "view_segment")
    assert client.get(f"{reverse('admin:campaigns_campaign_who')}?lists={chosen.pk}").status_code == 403
    assert client.get(reverse("admin:campaigns_segment_people"), {"question": "{}"}).status_code == 403
    page = client.post(reverse("admin:campaigns_campaign_people"), audience_of(sources=[chosen], less=[]))
    assert "/who/" not in page.content.decode()


def test_each_problem_of_a_campaign_opens_its_texts(client: Client) -> None:
    campaign = launched(7)
    now = timezone.now()
    fates = [
        {"state": "failed", "reason": "Revmo refused the number."},
        {"state": "failed", "reason": "Revmo refused the number."},
        {"state": "failed", "reason": "Another reason & more."},
        {"state": "unknown", "reason": "Revmo refused the number."},
        {"state": "accepted", "delivery": "undelivered", "delivery_error": "Carrier said no."},
        {"state": "accepted", "delivery": "undelivered"},
        {"state": "accepted", "delivery": "delivered"},
    ]
    for send, fate in zip(campaign.sends.order_by("to"), fates, strict=True):
        campaign.sends.filter(pk=send.pk).update(**fate, posted_at=now, finished_at=now)
    page = client.get(page_of(campaign)).content.decode()
    problems = links(page, "why=")
    assert sorted(words for _, words in problems) == [
        "1 Failed: Another reason &amp; more.",
        "1 Not delivered: Carrier said no.",
        "1 Not delivered: the carrier did not say why.",
        "1 Unknown: Revmo refused the number.",
        "2 Failed: Revmo refused the number.",
    ]
    for address, words in problems:
        assert client.get(address).context["cl"].result_count == int(words.split()[0]), address


def test_rarer_problems_stand_behind_the_commonest_and_open_too(client: Client) -> None:
    campaign = launched(23)
    now = timezone.now()
    for place, send in enumerate(campaign.sends.order_by("to")):
        fate = {"state": "failed", "reason": f"Reason {max(place - 1, 0)}.", "finished_at": now}
        campaign.sends.filter(pk=send.pk).update(**fate)
    page = client.get(page_of(campaign)).content.decode()
    assert "And 2 rarer reasons" in page
    problems = links(page, "why=")
    assert [words.split()[0] for _, words in problems] == ["2"] + ["1"] * 21
    assert client.get(problems[-1][0]).context["cl"].result_count == 1


def test_the_numbers_of_the_list_of_campaigns_open_their_texts(client: Client) -> None:
    campaign = launched(2)
    now = timezone.now()
    campaign.sends.filter(to=number(0)).update(state="accepted", delivery="delivered", posted_at=now, finished_at=now)
    page = client.get(reverse("admin:campaigns_campaign_changelist")).content.decode()
    for address, words in links(page, f"campaign__id__exact={campaign.pk}"):
        assert client.get(address).context["cl"].result_count == int(words)
    assert [words for _, words in links(page, "delivery__exact=delivered")] == ["1"]


def test_each_reason_of_a_rehearsal_opens_the_people_who_are_held_back(client: Client) -> None:
    people = [*make_contacts(3), Contact.objects.create(phone="+18005550123", first_name="Toll-free")]
    campaign = make_campaign(people, any_hour=False)
    suppress([number(0)], source=Suppression.Source.STAFF)
    rehearsal.rehearse(campaign)
    page = client.get(page_of(campaign, "rehearsal")).content.decode()
    reasons = [(to, words) for to, words in links(page, "outcome__exact") if "will_send" not in to]
    assert {words for _, words in reasons} == {"1 Opted out", "1 No lawful hour"}
    for address, _ in reasons:
        assert client.get(address).context["cl"].result_count == 1


def test_a_launched_campaign_opens_all_who_were_held_back_and_nobody_else(client: Client) -> None:
    suppress([number(0), number(1)], source=Suppression.Source.STAFF)
    page = client.get(page_of(launched(5))).content.decode()
    ((address, words),) = links(page, "held_back=1")
    assert words == "2 people, and why"
    assert client.get(address).context["cl"].result_count == 2


def test_whose_number_is_toll_free_is_told_where_to_set_the_zone(client: Client) -> None:
    person = Contact.objects.create(phone="+18005550123", first_name="Ada")
    campaign = make_campaign([person], any_hour=False)
    held = rehearsal.rehearse(campaign).texts.get()
    assert "as toll-free numbers do. Give the person their time zone" in held.reason
    page = client.get(page_of(campaign, "rehearsal")).content.decode()
    ((address, _),) = [one for one in links(page, "no_hour") if "1 No lawful hour" in one[1]][:1]
    ((zone, words),) = links(client.get(address).content.decode(), "#id_time_zone")
    assert words == "Set their time zone"
    assert 'id="id_time_zone"' in client.get(zone).content.decode()
    Contact.objects.update(time_zone="America/Chicago")
    assert rehearsal.rehearse(Campaign.objects.get()).will_send == 1


def test_a_zone_that_is_none_is_refused(client: Client) -> None:
    person = Contact.objects.create(phone=number(0))
    address = reverse("admin:contacts_contact_change", args=[person.pk])
    form = {"phone": person.phone, "consent_at_0": "", "consent_at_1": ""}
    client.post(address, {**form, "time_zone": "America/Phoenx"})
    assert Contact.objects.get().time_zone == ""
    client.post(address, {**form, "time_zone": "America/Phoenix"})
    assert Contact.objects.get().time_zone == "America/Phoenix"
