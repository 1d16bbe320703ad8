"""E-mail about a hand-over: to staff on duty, at most once, and never in the way of the hand-over."""

from typing import Any

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations import hand_over_mail, intake
from conversations.applying import apply_waiting
from conversations.models import Conversation, Entry, HandOverMail, StaffSettings, WebhookEvent
from tests.conversations.calls import apply, call, sent_text
from tests.conversations.staff import colleague
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> Entry:
    contact = make_contacts(1, first_name="Jane\nDoe")[0]
    apply(call("sms.handoff", thread_id=sent_text(contact=contact).thread_id, reason="Wants a refund"))
    return Entry.objects.get()


def on_duty(name: str, *permissions: str) -> None:
    StaffSettings.objects.create(user=colleague(name, *permissions), on_duty=True)


def jobs() -> int:
    return ProcrastinateJob.objects.filter(task_name=hand_over_mail.TASK).count()


def test_staff_on_duty_who_may_read_it_are_told_why_and_where(entry: Entry, settings: Any) -> None:
    on_duty("Dana", "view_conversation")
    on_duty("Rob")
    colleague("Sam", "view_conversation")
    hand_over_mail.mail(entry.pk)
    (letter,) = mail.outbox
    assert letter.to == ["Dana <dana@example.com>"]
    assert letter.subject == "Jane Doe needs a human"
    assert "Wants a refund" in letter.body
    assert f"{settings.PUBLIC_ORIGIN}/conversations/conversation/{entry.conversation_id}/change/" in letter.body


def test_it_is_mailed_once_however_often_the_job_runs(entry: Entry) -> None:
    on_duty("Dana", "view_conversation")
    for _ in range(3):
        hand_over_mail.mail(entry.pk)
    assert len(mail.outbox) == 1


def test_the_job_stands_once_for_a_hand_over_that_is_replayed(entry: Entry) -> None:
    assert jobs() == 1
    intake.replay(WebhookEvent.objects.all())
    apply_waiting(10)
    assert jobs() == 1
    assert Entry.objects.count() == 1


def test_a_replay_does_not_ask_again_for_whom_staff_have_dealt_with(entry: Entry) -> None:
    Conversation.objects.update(needs_human_since=None, handed_over_at=None)
    intake.replay(WebhookEvent.objects.all())
    apply_waiting(10)
    assert not Conversation.objects.need_a_human().exists()


def test_a_mail_server_that_fails_is_noted_and_loses_nothing(entry: Entry, settings: Any) -> None:
    on_duty("Dana", "view_conversation")
    settings.EMAIL_BACKEND = "tests.conversations.test_hand_over_mail.Broken"
    hand_over_mail.mail(entry.pk)
    assert "no such server" in HandOverMail.objects.get().problem
    assert Conversation.objects.need_a_human().exists()


class Broken:
    """A mail back end whose server is gone."""

    def __init__(self, **options: Any) -> None:
        pass

    def send_messages(self, messages: Any) -> int:
        raise OSError("no such server")
