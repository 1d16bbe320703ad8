"""What the carrier says of our texts: forward only, in any order, however often, only on good evidence."""

import threading
from datetime import timedelta
from itertools import combinations, permutations

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Mode, Send
from contacts.models import Suppression
from conversations import applying
from conversations.models import WebhookEvent
from tests.conversations.calls import apply, call, due_again, keep, sent_text, status_call, text_call
from tests.makers import make_contacts, make_send, number

pytestmark = pytest.mark.django_db


# "queued" says nothing that we keep; the carrier has not spoken yet.
STATUSES = ("queued", "sent", "delivered", "undelivered")
SETS = [one for size in range(1, len(STATUSES) + 1) for one in combinations(STATUSES, size)]


@pytest.mark.parametrize("at_once", [1, 100])
@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("statuses", SETS, ids="-".join)
def test_every_order_of_every_set_of_receipts(statuses: tuple[str, ...], copies: int, at_once: int) -> None:
    """The first of the two ends stands; without one, that it is on its way; and nothing goes back."""
    orders = sorted(set(permutations(statuses)))
    sends = [sent_text(contact=contact) for contact in make_contacts(len(orders))]
    for send, order in zip(sends, orders, strict=True):
        for status in order * copies:
            keep(status_call(send, status))
    while applying.apply_waiting(at_once):
        pass
    for send, order in zip(sends, orders, strict=True):
        send.refresh_from_db()
        ends = [status for status in order if status in ("delivered", "undelivered")]
        assert send.delivery == (ends[0] if ends else "sent" if "sent" in order else "none"), order
    assert set(WebhookEvent.objects.values_list("state", flat=True)) <= {"applied", "unreadable"}
    assert WebhookEvent.objects.filter(state="unreadable").count() == len(orders) * copies * ("queued" in statuses)


@pytest.mark.parametrize("order", sorted(set(permutations(["sent", "sent", "delivered", "delivered"]))))
def test_every_order_of_receipts_and_their_copies_ends_delivered(order: tuple[str, ...]) -> None:
    send = sent_text()
    for status in order:
        assert apply(status_call(send, status)).state == "applied"
    send.refresh_from_db()
    assert send.delivery == Send.Delivery.DELIVERED


@pytest.mark.parametrize("order", sorted(permutations(["sent", "delivered", "undelivered"])))
def test_the_first_of_the_two_ends_stands(order: tuple[str, ...]) -> None:
    send = sent_text()
    for status in order:
        apply(status_call(send, status, error_code="30003", error_message="Unreachable"))
    send.refresh_from_db()
    ends = [status for status in order if status != "sent"]
    assert send.delivery == ends[0]
    assert send.delivery_error == ("Unreachable (code 30003)" if ends[0] == "undelivered" else "")


def test_what_was_stored_as_a_receipt_and_reads_as_a_text_now_is_honoured_as_an_opt_out() -> None:
    send = sent_text()
    event = keep(text_call(send, "STOP"))
    WebhookEvent.objects.filter(pk=event.pk).update(kind=WebhookEvent.Kind.RECEIPT)
    applying.apply_waiting(10)
    event.refresh_from_db()
    assert (event.kind, event.state) == ("text", "applied")
    assert Suppression.objects.standing().filter(phone=send.to).exists()


def test_a_receipt_that_comes_late_says_so() -> None:
    send = sent_text()
    apply(status_call(send, "delivered"))
    event = apply(status_call(send, "sent"))
    assert event.note == "Came late: the text already stood as “Delivered”."


def test_a_receipt_keeps_its_own_time_but_none_in_the_future() -> None:
    send, late = sent_text(), sent_text(contact=None, to=number(7))
    then = timezone.now() - timedelta(hours=3)
    ahead = timezone.now() + timedelta(hours=3)
    apply(call("sms.status", then, thread_id=send.thread_id, to=send.to, status="delivered"))
    event = apply(call("sms.status", ahead, thread_id=late.thread_id, to=late.to, status="delivered"))
    send.refresh_from_db()
    late.refresh_from_db()
    assert send.delivery_at == then
    assert late.delivery_at == event.received_at


class TestEvidence:
    def test_a_signed_receipt_shows_that_an_unknown_was_sent(self) -> None:
        send = sent_text(state=Send.State.UNKNOWN, thread_id="")
        apply(status_call(send, "sent", thread_id="th_late"))
        send.refresh_from_db()
        assert (send.state, send.delivery, send.thread_id) == ("accepted", "sent", "th_late")
        assert send.reason == "Revmo's signed receipt shows that it was sent."

    def test_an_unsigned_receipt_never_decides_an_unknown(self) -> None:
        send = sent_text(state=Send.State.UNKNOWN, thread_id="")
        apply(status_call(send, "delivered", thread_id="th_late"), signed=False)
        send.refresh_from_db()
        assert (send.state, send.delivery) == ("unknown", "delivered")

    def test_a_known_thread_is_not_written_over(self) -> None:
        send = sent_text(thread_id="th_first")
        apply(status_call(send, "sent", thread_id="th_other"))
        send.refresh_from_db()
        assert send.thread_id == "th_first"

    @pytest.mark.parametrize("state", [Send.State.FAILED, Send.State.CANCELED])
    def test_a_receipt_for_what_was_never_sent_is_put_before_a_person(self, state: Send.State) -> None:
        send = sent_text(state=state, reason="Staff stopped it.")
        event = apply(status_call(send, "delivered"))
        send.refresh_from_db()
        assert (event.state, send.state, send.delivery) == ("set_aside", state, "none")
        assert "Delivered" not in event.note
        assert send.get_state_display() in event.note


class TestOwnCommitIsLater:
    def test_a_receipt_waits_while_our_call_is_under_way(self) -> None:
        send = sent_text(state=Send.State.POSTING, thread_id="")
        event = apply(status_call(send, "delivered", thread_id="th_1"))
        assert event.state == "unmatched"
        assert event.due_at is not None
        assert event.due_at - timezone.now() <= timedelta(seconds=1)
        Send.objects.filter(pk=send.pk).update(
            state="unknown", reason="Timed out.", lease_until=None, finished_at=timezone.now()
        )
        due_again(event)
        applying.apply_waiting(1)
        send.refresh_from_db()
        assert (send.state, send.delivery) == ("accepted", "delivered")

    def test_a_receipt_without_a_reference_waits_for_the_thread(self) -> None:
        send = sent_text(state=Send.State.POSTING, thread_id="")
        event = apply(status_call(send, "delivered", reference=False, thread_id="th_1"))
        assert event.state == "unmatched"
        Send.objects.filter(pk=send.pk).update(
            state="accepted", thread_id="th_1", lease_until=None, finished_at=timezone.now()
        )
        due_again(event)
        applying.apply_waiting(1)
        event.refresh_from_db()
        send.refresh_from_db()
        assert (event.state, send.delivery) == ("applied", "delivered")


class TestMatching:
    def test_an_unknown_thread_is_kept_tried_for_a_day_and_then_only_shown(self) -> None:
        event = apply(call("sms.status", thread_id="th_nobody", to=number(1), status="sent"))
        assert event.state == "unmatched"
        assert event.note == "None of our texts is known under this thread or reference."
        WebhookEvent.objects.filter(pk=event.pk).update(received_at=timezone.now() - timedelta(hours=23))
        due_again(event)
        applying.apply_waiting(1)
        event.refresh_from_db()
        assert event.due_at is not None
        assert event.due_at - timezone.now() <= timedelta(minutes=15)
        WebhookEvent.objects.filter(pk=event.pk).update(received_at=timezone.now() - timedelta(hours=25))
        due_again(event)
        applying.apply_waiting(1)
        event.refresh_from_db()
        assert event.state == "unmatched"
        assert event.due_at is None

    def test_a_forged_reference_matches_nothing(self) -> None:
        send = sent_text(thread_id="")
        forged = {"rc_send": f"{send.pk}.{'A' * 43}"}
        assert apply(status_call(send, "delivered", metadata=forged)).state == "unmatched"

    def test_a_reference_counts_for_its_own_number_only(self) -> None:
        send = sent_text()
        assert apply(status_call(send, "delivered", to=number(9))).state == "unmatched"
        send.refresh_from_db()
        assert send.delivery == "none"

    def test_a_thread_with_several_open_texts_is_not_guessed_at(self) -> None:
        contact = make_contacts(1)[0]
        first = sent_text(contact=contact, thread_id="th_1")
        second = sent_text(contact=contact, thread_id="th_1", agent=first.agent)
        event = apply(status_call(second, "delivered", reference=False))
        assert event.state == "unmatched"
        assert "Several of our texts" in event.note
        apply(status_call(first, "delivered"))
        due_again(event)
        applying.apply_waiting(1)
        second.refresh_from_db()
        assert second.delivery == "delivered"

    def test_a_text_of_the_other_mode_is_never_touched(self) -> None:
        send = make_send(
            mode=Mode.LIVE,
            state="accepted",
            thread_id="th_live",
            posted_at=timezone.now(),
            finished_at=timezone.now(),
        )
        assert apply(status_call(send, "delivered")).state == "unmatched"
        send.refresh_from_db()
        assert send.delivery == "none"

    def test_an_event_of_the_other_mode_is_left_to_its_own_process(self) -> None:
        send = sent_text()
        event = keep(status_call(send, "delivered"))
        WebhookEvent.objects.filter(pk=event.pk).update(mode=Mode.LIVE)
        assert applying.apply_waiting(10) == 0


@pytest.mark.django_db(transaction=True)
def test_receipts_applied_at_once_by_two_workers_never_take_one_another_back() -> None:
    sends = [sent_text(contact=contact) for contact in make_contacts(10)]
    for send in sends:
        for status in ("delivered", "sent", "delivered", "sent"):
            keep(status_call(send, status))

    def work() -> None:
        applying.apply_waiting(100)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Where both had a receipt of one text, one of them stood back and comes again a second later.
    for event in WebhookEvent.objects.filter(state="unmatched"):
        due_again(event)
    applying.apply_waiting(100)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"applied"}
    assert set(Send.objects.values_list("delivery", flat=True)) == {"delivered"}


@pytest.mark.django_db(transaction=True)
def test_a_worker_passes_over_the_event_that_another_one_holds() -> None:
    held, free = [keep(status_call(sent_text(contact=contact), "sent")) for contact in make_contacts(2)]
    done: list[int] = []

    def work() -> None:
        done.append(applying.apply_waiting(10))
        connection.close()

    with transaction.atomic():
        WebhookEvent.objects.select_for_update().get(pk=held.pk)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join(10)
        assert done == [1]
    held.refresh_from_db()
    free.refresh_from_db()
    assert (held.state, free.state) == ("waiting", "applied")
