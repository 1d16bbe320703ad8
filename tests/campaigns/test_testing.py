"""Tests of a message: to whom they may go, what they say, once each."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from campaigns.models import AllowedNumber, Campaign, Mode, Send, Trigger, TriggerKey
from campaigns.testing import CannotTest, numbers, send_tests, stand_in
from contacts.models import Attribute, Contact, Suppression
from tests.makers import launched, make_agent, make_contacts, make_list, number

pytestmark = pytest.mark.django_db


@pytest.fixture
def jane() -> Contact:
    Attribute.objects.create(name="city", label="City")
    return Contact.objects.create(phone=number(0), first_name="Jane", attributes={"city": "Bethesda"})


def draft(**fields: Any) -> Campaign:
    return Campaign(**{"agent": make_agent(), "message": "Hi {{ first_name }}"} | fields)


class TestWhereItGoes:
    def test_chosen_and_typed_numbers_are_taken_once(self) -> None:
        dana = AllowedNumber.objects.create(phone=number(1), name="Dana")
        assert numbers([dana], number(1), "US") == [number(1)]
        assert numbers([dana], "(202) 555-0102", "US") == [number(1), "+12025550102"]

    @pytest.mark.parametrize(
        ("typed", "words"), [("", "Say where the test should go"), ("12", "“12”: Digits are missing.")]
    )
    def test_nowhere_or_nonsense_is_refused_in_words(self, typed: str, words: str) -> None:
        with pytest.raises(CannotTest, match=words):
            numbers([], typed, "US")

    def test_a_live_test_goes_only_to_numbers_on_the_list(self, settings: Any) -> None:
        settings.REVMO_MODE = Mode.LIVE.value
        with pytest.raises(CannotTest, match="not on the list of test numbers"):
            numbers([], number(1), "US")
        AllowedNumber.objects.create(phone=number(1), name="Dana")
        assert numbers([], number(1), "US") == [number(1)]


class TestWhatIsSent:
    def test_it_is_a_text_apart_from_campaigns_with_a_real_persons_data(self, jane: Contact) -> None:
        (send,) = send_tests(draft(), jane, [number(5)], uuid4(), every=False)
        assert (send.kind, send.campaign, send.to, send.text) == (Send.Kind.TEST, None, number(5), "Hi Jane")
        assert send.mode == Mode.SIMULATOR
        assert send.expires_at is not None

    def test_the_same_form_sends_once(self, jane: Contact) -> None:
        one, token = draft(), uuid4()
        for _ in range(2):
            send_tests(one, jane, [number(5), number(6)], token, every=False)
        assert Send.objects.count() == 2

    def test_an_opted_out_number_gets_nothing_and_neither_do_the_others(self, jane: Contact) -> None:
        Suppression.objects.create(phone=number(6), source=Suppression.Source.STAFF)
        with pytest.raises(CannotTest, match="opted out"):
            send_tests(draft(), jane, [number(5), number(6)], uuid4(), every=False)
        assert not Send.objects.exists()

    def test_who_would_be_held_back_cannot_be_tried_with(self) -> None:
        with pytest.raises(CannotTest, match="“first_name” is blank"):
            send_tests(draft(), Contact(phone=number(0)), [number(5)], uuid4(), every=False)

    def test_every_trigger_of_the_agent_is_tried(self, jane: Contact) -> None:
        agent = make_agent()
        for phrase in ("reminder", "feedback"):
            trigger = Trigger.objects.create(agent=agent, phrase=phrase)
            TriggerKey.objects.create(trigger=trigger, key="city")
            TriggerKey.objects.create(trigger=trigger, key="seats", kind="number", example="2")
        one = draft(agent=agent, message="", trigger=trigger, metadata={"seats": "7"})
        sends = send_tests(one, jane, [number(5)], uuid4(), every=True)
        assert {send.trigger: send.metadata for send in sends} == {
            "feedback": {"city": "Bethesda", "seats": 7},
            "reminder": {"city": "Bethesda", "seats": 2},
        }

    def test_an_agent_without_triggers_says_so(self, jane: Contact) -> None:
        with pytest.raises(CannotTest, match="no trigger on file"):
            send_tests(draft(), jane, [number(5)], uuid4(), every=True)

    def test_a_trigger_alone_is_tried_with_its_examples(self) -> None:
        trigger = Trigger.objects.create(agent=make_agent(), phrase="reminder")
        TriggerKey.objects.create(trigger=trigger, key="seats", kind="number", example="2")
        one, somebody = stand_in(trigger, None)
        (send,) = send_tests(one, somebody, [number(5)], uuid4(), every=False)
        assert (send.text, send.trigger, send.metadata) == ("", "reminder", {"seats": 2})


class TestPage:
    def form(self, **fields: Any) -> dict[str, Any]:
        agent = make_agent()
        shown = {"name": "Spring", "lists": [make_list(make_contacts(2)).pk], "message": "Hi {{ first_name }}"}
        return {
            **shown,
            "agent": agent.pk,
            "agent_enabled": "on",
            "test_number": number(50),
            "test_token": uuid4(),
            **fields,
        }

    def test_it_is_sent_and_followed(self, admin_client: Client) -> None:
        answer = admin_client.post(reverse("admin:campaigns_campaign_test"), self.form())
        send = Send.objects.get()
        assert (send.text, send.to) == ("Hi Person 0", number(50))
        assert "Waiting" in answer.content.decode()
        Send.objects.update(state=Send.State.FAILED, reason="No such number.", finished_at=send.created_at)
        news = admin_client.get(reverse("admin:campaigns_campaign_tests"), {"of": str(send.pk)}).content.decode()
        assert "No such number." in news
        assert "hx-trigger" not in news

    def test_a_get_sends_nothing(self, admin_client: Client) -> None:
        form = self.form()
        for name in ("test", "test_form", "keep", "mend", "preview", "fields", "saved", "keys"):
            assert admin_client.get(reverse(f"admin:campaigns_campaign_{name}"), form).status_code == 405
        assert not Send.objects.exists()

    def test_it_needs_its_permission(self, client: Client) -> None:
        user = User.objects.create_user("eve", password="a password of length", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=["view_campaign", "change_campaign"]))
        client.force_login(user)
        form = self.form(saved_name="x")
        assert client.post(reverse("admin:campaigns_campaign_test"), form).status_code == 403
        assert client.post(reverse("admin:campaigns_campaign_keep"), form).status_code == 403
        assert not Send.objects.exists()

    def test_a_campaigns_texts_are_not_shown_as_tests(self, admin_client: Client) -> None:
        text = launched(1).sends.get()
        answer = admin_client.get(reverse("admin:campaigns_campaign_tests"), {"of": f"{text.pk}-x"})
        assert answer.context["sends"] == []

    def test_a_form_without_a_token_is_refused_in_words(self, admin_client: Client) -> None:
        answer = admin_client.post(reverse("admin:campaigns_campaign_test"), self.form(test_token="x"))
        assert "Open it again." in answer.content.decode()
