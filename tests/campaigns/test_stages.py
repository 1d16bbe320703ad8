"""The stage: a state as the indexes know it, so that an intent writes none of them."""

from itertools import chain, combinations

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Send
from campaigns.progress import by_state, progress
from campaigns.sending.results import record
from tests.campaigns.test_admin_pages import signed_in
from tests.campaigns.working import accepted, claim, intend
from tests.makers import launched, make_agent, number

pytestmark = pytest.mark.django_db
STATES = Send.State.values
# Each state as often as its place, so that no two counts are alike.
AMOUNTS = {state: place for place, state in enumerate(STATES, start=1)}


@pytest.fixture
def mixed() -> Campaign:
    campaign = launched(sum(AMOUNTS.values()))
    left = list(campaign.sends.order_by("pk").values_list("pk", flat=True))
    for state, amount in AMOUNTS.items():
        now, ours = timezone.now(), campaign.sends.filter(pk__in=left[:amount])
        left = left[amount:]
        fields = {"lease_until": now} if state in Send.HELD else {}
        if state not in Send.OPEN:
            fields = {"finished_at": now}
        ours.update(state=state, reason="A reason.", **fields)
    return campaign


def test_what_a_worker_holds_is_one_stage(mixed: Campaign) -> None:
    found = set(mixed.sends.values_list("state", "stage"))
    assert found == {(state, "in_hand" if state in ("claimed", "posting") else state) for state in STATES}


def test_any_states_are_asked_for_as_the_indexes_know_them(mixed: Campaign) -> None:
    for asked in chain.from_iterable(combinations(STATES, amount) for amount in range(1, len(STATES) + 1)):
        found = mixed.sends.filter(Send.in_states(*asked)).order_by("pk")
        assert list(found) == list(mixed.sends.filter(state__in=asked).order_by("pk")), asked
        assert list(mixed.sends.filter(Send.in_states(*asked, *asked)).order_by("pk")) == list(found), asked


def test_progress_tells_the_claimed_from_the_posting(mixed: Campaign) -> None:
    assert progress(mixed).sends == AMOUNTS


@pytest.mark.django_db(transaction=True)
def test_progress_reads_an_index_alone(mixed: Campaign) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE campaigns_send")  # else it looks into the table whether it sees the rows
        with transaction.atomic():
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = by_state(mixed.sends.all(), "campaign", "delivery").explain()
    assert "Index Only Scan using sends_of_a_campaign" in plan


def test_the_history_lists_each_state(mixed: Campaign) -> None:
    client: Client = signed_in(superuser=True)
    for state, amount in AMOUNTS.items():
        page = client.get(reverse("admin:campaigns_send_changelist"), {"state__exact": state})
        assert {send.state for send in page.context["cl"].result_list} == {state}
        assert page.context["cl"].result_count == amount


def test_an_intent_writes_no_index() -> None:
    """Heap-only, as the server itself counts it; before PostgreSQL 16 never, because there the index of days counts."""
    expected = 4 if connection.pg_version >= 160000 else 0  # type: ignore[attr-defined]
    campaign = launched(4)  # few enough that a page has room for all their versions
    claims = claim(campaign)
    before = heap_only_updates()
    assert len(intend(campaign, claims)) == 4
    assert heap_only_updates() - before == expected
    record(accepted(claims))
    assert heap_only_updates() - before == expected  # the end of a text is for its lists, so indexes know it


def heap_only_updates() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_xact_tuples_hot_updated('campaigns_send'::regclass)")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("index", "sends"),
    [
        ("sends_in_hand", Send.objects.filter(Send.in_states("posting")).order_by("pk")[:1]),
        ("sends_that_are_unknown", Send.objects.filter(Send.in_states("unknown"), mode="live").order_by("pk")[:1]),
        ("sends_of_a_campaign", Send.objects.filter(Send.in_states("failed", "unknown"), campaign=1).order_by()),
        ("sends_of_a_campaign", Send.objects.filter(Send.in_states(*Send.UNSENT), campaign=1).order_by()),
        ("sends_that_are_due", Send.objects.filter(Send.in_states("queued"), campaign=1).order_by("due_at")[:1]),
    ],
)
@pytest.mark.usefixtures("mixed")
def test_the_indexes_answer(index: str, sends: QuerySet[Send]) -> None:
    done = {"kind": "test", "mode": "simulator", "agent": make_agent(), "text": "Hello", "state": "accepted"}
    Send.objects.bulk_create(Send(to=number(at), finished_at=timezone.now(), **done) for at in range(1000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_send; SET LOCAL enable_seqscan = off")
    assert index in sends.explain()


def test_a_text_is_counted_once_while_it_moves(mixed: Campaign) -> None:
    """Both arms of the count are one statement."""
    with CaptureQueriesContext(connection) as asked:
        progress(mixed)
    assert len([one for one in asked if "in_hand" in one["sql"]]) == 1
