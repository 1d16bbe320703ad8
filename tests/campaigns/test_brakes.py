"""A campaign that goes wrong stops by itself, says why, and goes on only when a person says so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import steering
from campaigns.models import Account, Brake, Campaign, Mode
from campaigns.sending import brakes
from campaigns.sending.engine import Engine
from revmo.client import RevmoClient
from revmo.outcomes import Answer, Fault, Outcome, judge, judge_fault
from tests.makers import launched, make_account, make_agent, states
from tests.processes import wait_until
from tests.revmo.wire import Peer, response, serving

YES = judge(Answer(200, {}, b'{"result": "Ok"}'))
REFUSED = judge(Answer(400))
UNKNOWN = judge(Answer(500))
BUSY = judge(Answer(429))


def seen(campaign: Campaign, *outcomes: Outcome | None) -> str:
    """The campaign's status after a worker saw these outcomes."""
    tally = brakes.Tally()
    for outcome in outcomes:
        tally.add(campaign.pk, outcome)
    tally.write()
    campaign.refresh_from_db()
    return campaign.status


@pytest.mark.django_db
def test_unknowns_in_a_row_stop_a_campaign() -> None:
    campaign = launched(1)
    assert seen(campaign, *[UNKNOWN] * 9, YES, *[UNKNOWN] * 9) == "running"
    assert seen(campaign, UNKNOWN) == "paused"
    assert "10 texts in a row" in campaign.pause_reason


@pytest.mark.django_db
def test_what_is_tried_again_or_was_not_begun_interrupts_no_row() -> None:
    campaign = launched(1)
    assert seen(campaign, *[UNKNOWN] * 5, BUSY, None, judge_fault(Fault.REFUSED), *[UNKNOWN] * 5) == "paused"


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [REFUSED, UNKNOWN])
def test_a_rate_of_failures_stops_a_campaign(bad: Outcome) -> None:
    campaign = launched(1)
    for turn in range(19):
        assert seen(campaign, YES, YES, bad) == "running", turn
    assert seen(campaign, YES, YES, bad) == "paused"
    assert "20 of about the last hundred" in campaign.pause_reason


@pytest.mark.django_db
def test_a_few_failures_among_many_do_not() -> None:
    campaign = launched(1)
    for _ in range(100):
        assert seen(campaign, *[YES] * 9, REFUSED) == "running"


@pytest.mark.django_db
def test_the_counts_of_two_workers_are_one() -> None:
    campaign = launched(1)
    first, second = brakes.Tally(), brakes.Tally()
    for tally in (first, second):
        for _ in range(5):
            tally.add(campaign.pk, UNKNOWN)
        tally.write()
    campaign.refresh_from_db()
    assert campaign.status == "paused"


@pytest.mark.django_db
def test_staff_set_the_lines_and_nought_lifts_one() -> None:
    campaign = launched(1)
    Account.objects.update(brake_unknowns=0, brake_failures=3)
    assert seen(campaign, UNKNOWN, UNKNOWN) == "running"
    assert seen(campaign, UNKNOWN) == "paused"
    assert "of about the last hundred" in campaign.pause_reason


@pytest.mark.django_db
def test_who_resumes_begins_to_count_anew() -> None:
    campaign = launched(1)
    assert seen(campaign, *[UNKNOWN] * 10) == "paused"
    assert steering.resume(campaign)
    assert seen(campaign, *[UNKNOWN] * 9) == "running"
    assert seen(campaign, UNKNOWN) == "paused"


@pytest.mark.django_db
def test_opt_outs_stop_a_campaign_with_samples_of_their_words(django_capture_on_commit_callbacks: Any) -> None:
    campaign = launched(1)
    seen(campaign, *[YES] * 60)
    Brake.objects.update(accepted=60)
    with django_capture_on_commit_callbacks(execute=True):
        for words in ("STOP", "stop it", "unsubscribe", "leave me alone"):
            brakes.note_opt_out(campaign.pk, words)
    campaign.refresh_from_db()
    assert campaign.status == "running"
    with django_capture_on_commit_callbacks(execute=True):
        brakes.note_opt_out(campaign.pk, "who are you")
    campaign.refresh_from_db()
    assert campaign.status == "paused"
    assert "5 people have opted out" in campaign.pause_reason
    assert "“who are you”" in campaign.pause_reason


@pytest.mark.django_db
def test_a_large_campaign_bears_more_opt_outs(django_capture_on_commit_callbacks: Any) -> None:
    campaign = launched(1)
    Brake.objects.create(campaign=campaign, accepted=1000)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(49):
            brakes.note_opt_out(campaign.pk, "STOP")
    campaign.refresh_from_db()
    assert campaign.status == "running"
    with django_capture_on_commit_callbacks(execute=True):
        brakes.note_opt_out(campaign.pk, "STOP")
    campaign.refresh_from_db()
    assert campaign.status == "paused"


@pytest.mark.django_db
def test_complaints_stop_a_campaign(django_capture_on_commit_callbacks: Any) -> None:
    campaign = launched(1)
    with django_capture_on_commit_callbacks(execute=True):
        for text in ("Thanks!", "This is SPAM", "I will report you", "see you then"):
            brakes.note_reply(campaign.pk, text)
    campaign.refresh_from_db()
    assert campaign.status == "running"
    with django_capture_on_commit_callbacks(execute=True):
        brakes.note_reply(campaign.pk, "My lawyer will call.")
    campaign.refresh_from_db()
    assert campaign.status == "paused"
    assert "lawyer" in campaign.pause_reason


@pytest.mark.parametrize(
    ("text", "found"),
    [("SPAM!", True), ("spammers", False), ("a.b", True), ("axb", False), ("", False), ("report  you", False)],
)
def test_a_word_is_a_whole_one(text: str, found: bool) -> None:
    assert brakes.complains(text, "spam, a.b, ,report you") is found


def test_without_words_nothing_complains() -> None:
    assert not brakes.complains("spam", " , ")


@pytest.mark.django_db
def test_the_account_page_shows_what_is_left_and_the_lines(admin_client: Client) -> None:
    account = make_account(daily_allowance=500)
    page = admin_client.get(reverse("admin:campaigns_account_change", args=[account.pk])).content.decode()
    assert "500 texts are left today." in page
    assert "unknowns in a row" in page.lower()


def every_third_is_an_error() -> Callable[[Peer], None]:
    count = iter(range(100_000))

    def script(peer: Peer) -> None:
        while True:
            peer.read_request()
            good = next(count) % 3
            peer.send(response(200, b'{"result": "Ok"}') if good else response(500, b"oops"))

    return script


@pytest.mark.django_db(transaction=True)
def test_a_campaign_of_which_a_third_ends_unknown_stops_within_a_hundred() -> None:
    campaign = launched(400, agent=make_agent(make_account(in_flight_limit=8)))
    with serving(every_third_is_an_error()) as server:
        engine = Engine(Mode.SIMULATOR, lambda: RevmoClient(server.url, "simulator"))
        engine.start()

        def stopped() -> bool:
            campaign.refresh_from_db()
            return campaign.status == Campaign.Status.PAUSED

        wait_until(stopped)
        assert engine.stop(20)
        assert len(server.requests) <= 100
    found = states(campaign)
    assert found["queued"] == 400 - len(server.requests)
    assert found["unknown"] >= 20
