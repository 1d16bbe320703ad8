"""The command line that others script against."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Account, Agent, Campaign, Trigger
from tests.makers import launched, make_account, make_agent, make_contacts, make_list

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str) -> Any:
    """The JSON that a command prints, which must be all that it prints."""
    capsys.readouterr()
    call_command(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


def refusal(*arguments: str) -> str:
    """The sentence of a refusal with exit code 2."""
    with pytest.raises(CommandError) as raised:
        call_command(*arguments)
    assert raised.value.returncode == 2
    return str(raised.value)


def create(capsys: Capture, *more: str) -> Campaign:
    make_list(make_contacts(3), "Patients")
    arguments = ("campaign", "create", "--name", "Spring", "--list", "Patients", *more)
    return Campaign.objects.get(pk=run(capsys, *arguments)["id"])


def test_it_creates_a_draft_from_names(capsys: Capture) -> None:
    agent = make_agent(is_default=True)
    campaign = create(capsys, "--message", "Hi {{ first_name }}", "--trigger", "hello", "--no-agent", "--any-hour")
    assert (campaign.agent, campaign.message, campaign.status) == (agent, "Hi {{ first_name }}", "draft")
    assert campaign.trigger == Trigger.objects.get(agent=agent, phrase="hello")
    assert (campaign.agent_enabled, campaign.any_hour) == (False, True)


def test_it_takes_metadata_and_a_time(capsys: Capture) -> None:
    make_agent()
    campaign = create(capsys, "--trigger", "hello", "--metadata", '{"a": 1}', "--at", "2030-01-01T09:00:00-05:00")
    assert campaign.metadata == {"a": 1}
    assert campaign.scheduled_at is not None
    assert campaign.scheduled_at.isoformat() == "2030-01-01T14:00:00+00:00"


@pytest.mark.parametrize(
    "more",
    [
        ("--message", "Hi", "--metadata", '{"a": NaN}'),
        ("--message", "Hi", "--metadata", '{"a": 1e999}'),
        ("--message", "Hi", "--metadata", '{"a": ["\\u0000"]}'),
        ("--message", "Hi", "--metadata", '{"a": "\\ud800"}'),
        ("--message", "Hi \udcff"),
    ],
)
def test_what_the_database_cannot_keep_is_refused_in_words(more: tuple[str, ...]) -> None:
    make_agent(is_default=True)
    make_list([], "Patients")
    assert "cannot be stored" in refusal("campaign", "create", "--name", "x", "--list", "Patients", *more)
    assert not Campaign.objects.exists()


def test_without_a_choice_among_agents_it_refuses() -> None:
    make_list([], "Patients")
    base = ("campaign", "create", "--name", "x", "--list", "Patients", "--message", "Hi")
    assert "no agent yet" in refusal(*base)
    make_agent()
    make_agent()
    assert "--agent NAME" in refusal(*base)
    Agent.objects.filter(pk=Agent.objects.all()[0].pk).update(name="Front desk")
    call_command(*base, "--agent", "Front desk")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--list", "Nobody", "--message", "Hi"), "There is no list “Nobody”"),
        (("--list", "Patients", "--message", "Hi", "--agent", "Nobody"), "There is no agent “Nobody”"),
        (("--list", "Patients", "--message", "Hi", "--metadata", "{"), "--metadata is not JSON"),
        (("--list", "Patients", "--message", "Hi", "--metadata", "[]"), "names and values"),
        (("--list", "Patients", "--message", "Hi", "--at", "soon"), "--at takes a date"),
        (("--list", "Patients"), "Write a message or choose a trigger"),
    ],
)
def test_it_refuses_in_words(more: tuple[str, ...], sentence: str) -> None:
    make_agent(is_default=True)
    make_list([], "Patients")
    assert sentence in refusal("campaign", "create", "--name", "x", *more)
    assert not Campaign.objects.exists()


def test_launch_rehearses_and_answers_with_the_counts(capsys: Capture) -> None:
    make_agent(is_default=True)
    campaign = create(capsys, "--message", "Hi {{ first_name }}", "--any-hour")
    answer = run(capsys, "campaign", "launch", str(campaign.pk))
    assert answer == {
        "id": campaign.pk,
        "status": "running",
        "mode": "simulator",
        "total": 3,
        "sends": {
            "queued": 3,
            "claimed": 0,
            "posting": 0,
            "accepted": 0,
            "unknown": 0,
            "failed": 0,
            "suppressed": 0,
            "expired": 0,
            "canceled": 0,
        },
        "delivery": {"none": 3, "sent": 0, "delivered": 0, "undelivered": 0},
    }
    assert "already running" in refusal("campaign", "launch", str(campaign.pk))


def test_rehearse_says_who_is_held_back(capsys: Capture) -> None:
    make_agent(is_default=True)
    campaign = create(capsys, "--message", "Hi {{ company }}")
    assert run(capsys, "campaign", "rehearse", str(campaign.pk))["held_back"] == 3
    assert "Nobody would get this text" in refusal("campaign", "launch", str(campaign.pk))


def test_pause_resume_and_cancel(capsys: Capture) -> None:
    campaign = str(launched(2).pk)
    assert run(capsys, "campaign", "pause", campaign)["status"] == "paused"
    assert "Only a campaign that runs" in refusal("campaign", "pause", campaign)
    assert run(capsys, "campaign", "resume", campaign)["status"] == "running"
    assert run(capsys, "campaign", "cancel", campaign)["sends"]["canceled"] == 2
    assert "over already" in refusal("campaign", "cancel", campaign)


def test_waiting_returns_once_the_campaign_rests(capsys: Capture) -> None:
    campaign = launched(1)
    campaign.sends.update(state="accepted", finished_at=timezone.now())
    Campaign.objects.update(status="finished")
    assert run(capsys, "campaign", "status", str(campaign.pk), "--wait")["status"] == "finished"


def test_waiting_ends_with_1_where_somebody_was_not_reached() -> None:
    campaign = launched(1)
    campaign.sends.update(state="failed", reason="no", finished_at=timezone.now())
    Campaign.objects.update(status="finished")
    with pytest.raises(SystemExit) as ended:
        call_command("campaign", "status", str(campaign.pk), "--wait")
    assert ended.value.code == 1


def test_sends_are_one_json_object_a_line(capsys: Capture) -> None:
    campaign = launched(2)
    call_command("campaign", "sends", str(campaign.pk), "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(row) for row in rows] == [{"to", "state", "reason", "attempts", "thread_id", "delivery"}] * 2


def test_an_unknown_campaign_is_a_sentence() -> None:
    assert refusal("campaign", "status", "999999") == "There is no campaign 999999."


def test_the_accounts_rate_can_be_set(capsys: Capture) -> None:
    make_account(name="Acme")
    answer = run(capsys, "account", "--rate", "50", "--in-flight", "16")
    assert (answer["rate"], answer["in_flight"]) == (50, 16)
    account = Account.objects.get()
    assert (account.messages_per_second, account.in_flight_limit) == (50, 16)


@pytest.mark.parametrize("option", ["--rate", "--in-flight"])
def test_a_rate_out_of_range_is_refused(option: str) -> None:
    make_account()
    refusal("account", option, "0")
    assert Account.objects.get().messages_per_second == 1000


def test_without_an_account_it_says_what_to_do() -> None:
    assert "make setup" in refusal("account")
