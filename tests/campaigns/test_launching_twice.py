"""One launch and one text, whoever presses, however often, and however a number is spelled."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns import launching, rehearsal
from campaigns.launching import CannotLaunch
from campaigns.models import Campaign, Send
from contacts.models import Contact, ContactList
from tests.contacts.imports import imported
from tests.makers import make_campaign, make_contacts, number, states

FULL_WIDTH = {ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"}


def press(campaign: Campaign, snapshot: int, client: Client) -> list[str]:
    """What the page says to somebody who presses Launch."""
    answer: Any = client.post(reverse("admin:campaigns_campaign_launch", args=[campaign.pk]), {"rehearsal": snapshot})
    return [str(message) for message in get_messages(answer.wsgi_request)]


def somebody(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(name))
    return client


@pytest.mark.django_db(transaction=True)
def test_of_two_staff_who_press_launch_at_the_same_moment_one_launches_and_the_other_is_told() -> None:
    campaign = make_campaign(make_contacts(20))
    snapshot = rehearsal.rehearse(campaign).pk
    start, said = threading.Barrier(2), []

    def run(client: Client) -> None:
        try:
            start.wait()
            said.extend(press(campaign, snapshot, client))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(somebody(name),)) for name in ("ann", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = sorted(said)
    assert first == "Launched to 20 people."
    assert second.startswith("This campaign is already ")
    assert states(campaign) == {"queued": 20}
    assert LogEntry.objects.filter(change_message__contains="Launched to").count() == 1


@pytest.mark.django_db
def test_a_double_click_and_a_form_that_is_sent_once_more_launch_once() -> None:
    campaign = make_campaign(make_contacts(3))
    snapshot = rehearsal.rehearse(campaign).pk
    client = somebody("ann")
    said = [press(campaign, snapshot, client)[-1][:24] for _ in range(3)]
    assert said == ["Launched to 3 people.", *["This campaign is already"] * 2]
    assert states(campaign) == {"queued": 3}


@pytest.mark.django_db
def test_one_number_in_four_spellings_on_three_lists_gets_one_text_and_the_preview_says_so(tmp_path: Path) -> None:
    spellings = ["+12025550101", "(202) 555-0101", "2025550101".translate(FULL_WIDTH), "1-202-555-0101"]
    for place, spelling in enumerate(spellings):
        name = f"Patients {place % 3}"
        imported(tmp_path / f"{place}.csv", f"phone,first_name\n{spelling},Ada\n", new_list=name, region="US")
    assert Contact.objects.get().phone == spellings[0]
    campaign = make_campaign()
    campaign.lists.set(ContactList.objects.filter(name__startswith="Patients"))
    assert campaign.lists.count() == 3
    snapshot = rehearsal.rehearse(campaign)
    assert snapshot.will_send == 1
    launching.launch(campaign, snapshot)
    assert Send.objects.get().to == spellings[0]


@pytest.mark.django_db
def test_of_two_campaigns_that_leave_out_who_was_texted_lately_the_second_is_rehearsed_again() -> None:
    people = make_contacts(2)
    first, second = (make_campaign(people, rest_hours=24) for _ in range(2))
    snapshots = [rehearsal.rehearse(campaign) for campaign in (first, second)]
    launching.launch(first, snapshots[0])
    with pytest.raises(CannotLaunch, match="Rehearse again"):
        launching.launch(second, snapshots[1])
    assert list(Send.objects.order_by("to").values_list("to", flat=True)) == [number(0), number(1)]
