"""The rules that the database holds, whatever code comes by."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from campaigns.models import Attempt, Send
from contacts.models import Contact, Suppression
from tests.makers import launched, make_agent, make_campaign, make_contacts, make_send, number

pytestmark = pytest.mark.django_db


def refused(rule: str) -> Any:
    """The database refuses, and names the rule."""
    return pytest.raises(IntegrityError, match=rule)


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "+",
        "0",
        "2025550123",
        "+0",
        "+02025550123",
        "+120255",
        "+1202555012x",
        "++12025550123",
        "+1+2025550123",
        "+1 202 555 0123",
        "+12025550123\n",
    ],
)
def test_a_phone_is_e164(phone: str) -> None:
    with refused("a_contacts_phone_is_e164"), transaction.atomic():
        Contact.objects.create(phone=phone)
    with refused("a_send_goes_to_an_e164_number"), transaction.atomic():
        make_send(to=phone)
    with refused("a_suppressed_phone_is_e164"), transaction.atomic():
        Suppression.objects.create(phone=phone, source="staff")


@pytest.mark.parametrize("phone", ["+1234567", "+123456789012345", "+12025550123"])
def test_a_number_has_seven_to_fifteen_digits(phone: str) -> None:
    assert make_send(to=phone).to == phone


def test_one_contact_per_number() -> None:
    make_contacts(1)
    with refused("phone"):
        Contact.objects.create(phone=number(0))


@pytest.mark.parametrize("count", ["fence", "attempts", "crashes", "resend_number", "http_status"])
def test_what_a_send_counts_is_not_negative(count: str) -> None:
    send = make_send()
    with refused("what_a_send_counts_is_not_negative"), transaction.atomic():
        Send.objects.filter(pk=send.pk).update(**{count: -1})
    assert Send.objects.filter(pk=send.pk).update(**{count: 0}) == 1


@pytest.mark.parametrize("count", ["number", "http_status", "latency_ms"])
def test_what_an_attempt_counts_is_not_negative(count: str) -> None:
    fields = {"send": make_send(), "number": 1, "started_at": timezone.now(), "outcome": "accepted"}
    with refused("what_an_attempt_counts_is_not_negative"), transaction.atomic():
        Attempt.objects.create(**fields | {count: -1})
    assert Attempt.objects.create(**fields | {count: 0}).pk


def test_a_campaign_texts_a_number_once() -> None:
    send = launched(1).sends.get()
    again = {
        "kind": "campaign",
        "mode": "simulator",
        "agent": send.agent,
        "campaign": send.campaign,
        "contact": send.contact,
    }
    with refused("a_campaign_texts_a_number_once"), transaction.atomic():
        Send.objects.create(**again, to=send.to, text="again")
    assert Send.objects.create(**again, to=send.to, text="again", resend_number=1).pk


@pytest.mark.parametrize(
    ("kind", "with_campaign", "with_contact"),
    [
        ("campaign", False, True),
        ("campaign", True, False),
        ("reply", True, True),
        ("reply", False, False),
        ("test", True, True),
    ],
)
def test_the_kind_fixes_the_shape(kind: str, with_campaign: bool, with_contact: bool) -> None:
    contact = make_contacts(1)[0]
    campaign = make_campaign([contact])
    with refused("the_kind_of_a_send_fixes_its_shape"):
        make_send(
            kind=kind,
            campaign=campaign if with_campaign else None,
            contact=contact if with_contact else None,
            agent=campaign.agent,
        )


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"text": ""}, "a_send_has_a_text_or_a_trigger"),
        ({"mode": "both"}, "a_send_has_one_of_two_modes"),
        ({"state": "claimed"}, "a_send_has_a_lease_while_a_worker_holds_it"),
        ({"state": "accepted"}, "a_send_has_an_end_once_it_ended"),
        ({"state": "failed", "finished_at": timezone.now()}, "a_send_that_was_not_accepted_says_why"),
        ({"delivery": "sent"}, "only_what_may_have_left_is_delivered"),
    ],
)
def test_a_send_is_whole(fields: dict[str, Any], rule: str) -> None:
    with refused(rule):
        make_send(**fields)


@pytest.mark.parametrize("ended", ["accepted", "failed", "suppressed", "expired", "canceled", "unknown"])
def test_a_send_that_ended_stays_as_it_ended(ended: str) -> None:
    send = make_send(state=ended, reason="why", finished_at=timezone.now())
    with refused("a send that ended stays as it ended"), transaction.atomic():
        Send.objects.filter(pk=send.pk).update(state="queued", finished_at=None)


def test_evidence_may_turn_an_unknown_into_accepted() -> None:
    send = make_send(state="unknown", reason="why", finished_at=timezone.now())
    assert Send.objects.filter(pk=send.pk).update(state="accepted") == 1


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("none", "sent", True),
        ("none", "undelivered", True),
        ("sent", "delivered", True),
        ("sent", "none", False),
        ("delivered", "sent", False),
        ("delivered", "undelivered", False),
        ("undelivered", "delivered", False),
    ],
)
def test_a_delivery_only_moves_forward(before: str, after: str, allowed: bool) -> None:
    send = make_send(state="accepted", finished_at=timezone.now(), delivery=before)
    move = Send.objects.filter(pk=send.pk)
    if allowed:
        assert move.update(delivery=after) == 1
        return
    with refused("a delivery only moves forward"):
        move.update(delivery=after)


def test_a_campaign_says_something() -> None:
    with refused("a_campaign_has_a_message_or_a_trigger"):
        make_campaign(message="")


@pytest.mark.parametrize(("status", "mode"), [("draft", "live"), ("running", ""), ("finished", "")])
def test_a_campaign_gets_its_mode_at_launch(status: str, mode: str) -> None:
    with refused("a_campaign_gets_its_mode_at_launch"):
        make_campaign(status=status, mode=mode)


def test_there_is_one_default_agent() -> None:
    make_agent(is_default=True)
    with refused("there_is_one_default_agent"):
        make_agent(is_default=True)


def test_an_agent_id_is_base64() -> None:
    with refused("an_agent_id_is_base64"):
        make_agent(agent_id="not base64!")


def test_a_number_has_one_standing_suppression() -> None:
    Suppression.objects.create(phone=number(0), source="staff")
    with refused("a_number_has_one_standing_suppression"), transaction.atomic():
        Suppression.objects.create(phone=number(0), source="reply")
    Suppression.objects.update(lifted_at=timezone.now(), lift_reason="mistake")
    assert Suppression.objects.create(phone=number(0), source="reply").pk


def test_a_lifted_suppression_says_why() -> None:
    with refused("a_lifted_suppression_says_why"):
        Suppression.objects.create(phone=number(0), source="staff", lifted_at=timezone.now())


def plan(sql: str, *arguments: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", arguments)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("index", "sql"),
    [
        (
            "sends_that_are_due",
            "SELECT id FROM campaigns_send WHERE stage = 'queued' AND campaign_id = 1 AND due_at <= now()"
            " ORDER BY due_at, id LIMIT 10",
        ),
        ("sends_in_hand", "SELECT id FROM campaigns_send WHERE stage = 'in_hand' AND lease_until < now()"),
        ("sends_of_a_campaign", "SELECT id FROM campaigns_send WHERE campaign_id = 1 AND stage = 'failed'"),
        ("sends_by_thread", "SELECT id FROM campaigns_send WHERE thread_id = 'x' AND thread_id <> ''"),
        ("a_campaign_texts_a_number_once", "SELECT id FROM campaigns_send WHERE \"to\" LIKE '+1202%'"),
        ("a_campaign_texts_a_number_once", "SELECT id FROM campaigns_send WHERE \"to\" = '+12025550123'"),
        (
            "a_campaign_texts_a_number_once",
            "SELECT max(resend_number) FROM campaigns_send WHERE campaign_id = 1 AND \"to\" = '+12025550123'",
        ),
        (
            "sends_without_a_contact",
            "SELECT id FROM campaigns_send WHERE reverse(\"to\") LIKE '3210%' AND contact_id IS NULL",
        ),
    ],
)
def test_each_index_has_its_reader(index: str, sql: str) -> None:
    campaign = launched(300)
    campaign.sends.filter(pk__gt=campaign.sends.order_by("pk")[20].pk).update(
        state="accepted", finished_at=timezone.now(), thread_id="thread"
    )
    agent = campaign.agent
    nameless = [
        Send(kind="test", mode="simulator", agent=agent, to=number(index), text="Hello") for index in range(300)
    ]
    Send.objects.bulk_create(nameless)
    sql = sql.replace("campaign_id = 1", f"campaign_id = {campaign.pk}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_send")
    assert index in plan(sql.replace("%", "%%"))
