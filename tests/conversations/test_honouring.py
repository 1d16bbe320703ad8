"""What a reply does to its number: stop, rest, START, HELP."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import launching, rehearsal, steering
from campaigns.models import Account, Brake, Campaign, Send
from contacts.models import Contact, Suppression
from contacts.suppressing import lift, suppress
from conversations import applying, intake
from conversations.models import Conversation, WebhookEvent
from conversations.timeline import newest
from tests.conversations.calls import apply, call, keep, sent_text, text_call
from tests.makers import launched, make_account, make_agent, make_campaign, number

pytestmark = pytest.mark.django_db


def answering(**fields: Any) -> Send:
    """A text of ours whose account has these settings."""
    return sent_text(agent=make_agent(make_account(**fields)))


def again(event: WebhookEvent) -> None:
    intake.replay(WebhookEvent.objects.filter(pk=event.pk))
    applying.apply_waiting(10)


class TestStop:
    def test_it_keeps_when_we_heard_it_and_what_was_said(self) -> None:
        event = apply(text_call(sent_text(), "Please stop texting me"))
        suppression = Suppression.objects.get()
        assert (suppression.said_at, suppression.evidence) == (event.received_at, "Please stop texting me")
        assert not suppression.under_review
        assert suppression.created_at - event.received_at < timedelta(seconds=30)

    def test_words_that_staff_added_stop_texts(self) -> None:
        send = answering(opt_out_words="genug")
        apply(text_call(send, "Genug!"))
        assert Suppression.objects.standing().get().phone == send.to

    def test_words_that_staff_took_away_are_looked_at_only_if_no_account_needs_them(self) -> None:
        send = answering(not_opt_out_words="baja")
        apply(text_call(send, "BAJA"))
        assert not Suppression.objects.exists()
        assert Conversation.objects.get().needs_human_since is not None
        make_account()
        apply(text_call(send, "BAJA"))
        assert Suppression.objects.standing().get().phone == send.to

    def test_an_opt_out_from_a_campaign_counts_for_its_brake_once(self) -> None:
        campaign = launched(1)
        sent = campaign.sends.get()
        now = timezone.now()
        Send.objects.filter(pk=sent.pk).update(
            state="accepted", thread_id="th_c", posted_at=now, finished_at=now, attempts=1
        )
        sent.refresh_from_db()
        event = apply(text_call(sent, "STOP"))
        again(event)
        assert Brake.objects.get(campaign=campaign).opted_out == 1


def test_a_stop_after_the_intent_ends_all_else_that_is_owed_to_the_number() -> None:
    """What may have left may go; the conversation shows in which order it was."""
    first = launched(2)
    jane, joe = Contact.objects.order_by("pk")
    agent = first.agent
    others = [make_campaign([jane, joe], agent=agent, name=name) for name in ("Summer", "Autumn")]
    for campaign in others:
        launching.launch(campaign, rehearsal.rehearse(campaign))
    steering.pause(others[1], "Staff looked away.")
    underway = first.sends.get(contact=jane)
    asked = timezone.now() - timedelta(seconds=1)
    Send.objects.filter(pk=underway.pk).update(
        state="posting", attempts=1, posted_at=asked, lease_until=asked + timedelta(minutes=1)
    )
    event = apply(text_call(underway, "STOP", thread_id="th_jane"))
    assert event.state == "unmatched"  # it waits for our own commit, but their word counts at once
    theirs = Send.objects.filter(contact=jane).exclude(pk=underway.pk)
    assert set(theirs.values_list("state", flat=True)) == {"suppressed"}
    assert set(Send.objects.filter(contact=joe).values_list("state", flat=True)) == {"queued"}
    underway.refresh_from_db()
    assert underway.state == "posting"
    Send.objects.filter(pk=underway.pk).update(
        state="accepted", thread_id="th_jane", lease_until=None, finished_at=timezone.now()
    )
    again(event)
    lines = newest(Conversation.objects.with_facts().select_related("contact").get()).lines
    assert [(line.voice, line.text) for line in lines] == [("us", "Hello Person 0"), ("contact", "STOP")]


class TestRest:
    @pytest.mark.parametrize("signed", [True, False])
    def test_a_doubt_lets_the_number_rest_and_starts_the_clock(self, signed: bool) -> None:
        send = sent_text()
        event = apply(text_call(send, "STOP this terrible bill"), signed=signed)
        suppression = Suppression.objects.standing().get()
        assert suppression.under_review
        assert suppression.doubt == "The reply contains “stop”. Do they want no more texts?"
        assert suppression.review_by is not None
        assert timedelta(days=13) < suppression.review_by - event.received_at.date() < timedelta(days=18)

    def test_a_stranger_rests_as_well(self) -> None:
        stranger = {"from": number(77), "to": "", "author": "contact", "message_id": "m", "thread_id": "th"}
        apply(call("sms.message", body="I never asked for this, stop it now or else", **stranger))
        assert Suppression.objects.get().under_review

    def test_what_a_person_has_cleared_stays_cleared_when_it_comes_again(self) -> None:
        event = apply(text_call(sent_text(), "stop by at 5?"))
        lift(Suppression.objects.get(), by=None, reason="They asked us to come by.")
        again(event)
        assert not Suppression.objects.standing().exists()


class TestStart:
    def test_it_lifts_their_own_opt_out_where_staff_allow_it(self) -> None:
        send = answering(start_lifts=True)
        apply(text_call(send, "STOP"))
        apply(text_call(send, "START"))
        suppression = Suppression.objects.get()
        assert suppression.lifted_at is not None
        assert suppression.lift_reason == "They texted “START”, signed by Revmo."

    def test_unsigned_it_never_does(self) -> None:
        send = answering(start_lifts=True)
        apply(text_call(send, "STOP"))
        apply(text_call(send, "START"), signed=False)
        assert Suppression.objects.standing().exists()

    def test_not_allowed_it_is_put_before_a_person(self) -> None:
        send = answering()
        apply(text_call(send, "STOP"))
        apply(text_call(send, "START"))
        assert Suppression.objects.standing().exists()
        assert Conversation.objects.get().handoff_reason == "They texted “START”. May they be texted again?"

    def test_what_staff_or_a_list_has_opted_out_stays(self) -> None:
        send = answering(start_lifts=True)
        suppress([send.to], source=Suppression.Source.STAFF, evidence="By letter")
        apply(text_call(send, "START"))
        assert Suppression.objects.standing().exists()

    def test_an_older_start_does_not_undo_a_later_stop(self) -> None:
        send = answering(start_lifts=True)
        start = keep(text_call(send, "START"))
        WebhookEvent.objects.filter(pk=start.pk).update(received_at=timezone.now() - timedelta(minutes=1))
        suppress([send.to], source=Suppression.Source.REPLY, evidence="STOP")
        applying.apply_waiting(10)
        assert Suppression.objects.standing().exists()


class TestHelp:
    def test_it_is_answered_once_an_hour_if_staff_wrote_an_answer(self) -> None:
        send = answering(help_answer="Acme, 202-555-0100. STOP ends texts.")
        event = apply(text_call(send, "HELP"))
        apply(text_call(send, "help?"))
        again(event)
        answer = Send.objects.get(kind="reply", state="queued")
        assert (answer.to, answer.text, answer.no_agent) == (send.to, "Acme, 202-555-0100. STOP ends texts.", True)

    def test_without_an_answer_nothing_is_sent(self) -> None:
        apply(text_call(answering(), "HELP"))
        assert not Send.objects.filter(state="queued").exists()

    def test_who_has_opted_out_gets_none(self) -> None:
        send = answering(help_answer="Acme")
        apply(text_call(send, "STOP"))
        apply(text_call(send, "HELP"))
        assert not Send.objects.filter(state="queued").exists()


class TestConfirmation:
    WORDS = "Acme: you get no more texts."

    def test_nothing_is_sent_unless_staff_say_that_nobody_else_does(self) -> None:
        apply(text_call(answering(), "STOP"))
        assert not Send.objects.filter(state="queued").exists()

    def test_one_text_confirms_it_within_five_minutes(self) -> None:
        send = answering(opt_out_confirmation=self.WORDS)
        event = apply(text_call(send, "STOP"))
        apply(text_call(send, "Stop!!"))
        (confirmation,) = Send.objects.exclude(pk=send.pk)
        assert (confirmation.to, confirmation.text, confirmation.no_agent) == (send.to, self.WORDS, True)
        assert confirmation.expires_at == event.received_at + timedelta(minutes=5)
        assert Suppression.objects.get().confirmation_id == confirmation.pk

    @pytest.mark.parametrize(("words", "signed"), [("STOP", False), ("stop by at 5?", True)])
    def test_neither_an_unsigned_nor_a_doubtful_one_is_confirmed(self, words: str, signed: bool) -> None:
        apply(text_call(answering(opt_out_confirmation=self.WORDS), words), signed=signed)
        assert not Send.objects.filter(state="queued").exists()

    def test_who_was_opted_out_before_gets_none(self) -> None:
        send = answering(opt_out_confirmation=self.WORDS)
        suppress([send.to], source=Suppression.Source.STAFF)
        apply(text_call(send, "STOP"))
        assert not Send.objects.filter(state="queued").exists()


def test_complaints_in_replies_reach_the_brake_of_the_campaign(django_capture_on_commit_callbacks: Any) -> None:
    campaign = launched(1)
    Account.objects.update(brake_complaints=1)
    now = timezone.now()
    campaign.sends.update(state="accepted", thread_id="th_c", posted_at=now, finished_at=now, attempts=1)
    with django_capture_on_commit_callbacks(execute=True):
        apply(text_call(campaign.sends.get(), "This is spam and my lawyer will hear of it"))
    assert Campaign.objects.get().status == "paused"
