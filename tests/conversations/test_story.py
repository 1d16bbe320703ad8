"""The page of a contact: who this is, may we text them, what did they get, and why not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from campaigns import launching, rehearsal
from campaigns.models import Send
from contacts.models import Contact, Suppression
from contacts.suppressing import confirm, lift, rest, suppress
from conversations.models import Conversation, Message
from conversations.standing import standing_of
from conversations.story import sentence_of, story
from conversations.why import why
from tests import makers
from tests.contacts.imports import imported
from tests.conversations.calls import apply, sent_text, text_call

pytestmark = pytest.mark.django_db
# Tuesday, noon in New York.
NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 4, tzinfo=UTC)


def sentences(contact: Contact) -> list[str]:
    return [moment.sentence for moment in story(contact).moments]


def test_the_whole_story_in_the_order_of_time(tmp_path: Path) -> None:
    wording = "Phone,First name,Consent source,Consent date,Consent wording\n2025550100,Jane,form,2026-01-15,Yes do\n"
    imported(tmp_path / "patients.csv", wording)
    imported(tmp_path / "again.csv", "Phone,First name\n2025550100,Janet\n")
    contact = Contact.objects.get()
    campaign = makers.make_campaign([contact])
    launching.launch(campaign, rehearsal.rehearse(campaign))
    left = timezone.now()
    campaign.sends.update(
        state="accepted", posted_at=left, finished_at=left, delivery="delivered", delivery_at=left, fence=F("fence") + 1
    )
    talk = Conversation.objects.create(contact=contact, agent=campaign.agent, mode="simulator")
    Message.objects.create(conversation=talk, author="contact", body="Thanks", at=left + timedelta(minutes=1))
    suppress([contact.phone], source=Suppression.Source.REPLY, evidence="STOP")
    Suppression.objects.update(created_at=left + timedelta(minutes=2))
    told = sentences(contact)
    assert told[0] == "Agreed to be texted (web or paper form)."
    assert told[1:3] == ["Row 2 of patients.csv brought this contact.", "Row 2 of again.csv changed this contact."]
    assert told[3].startswith("“Spring” was sent and delivered at ")
    assert told[4:] == ["Janet wrote:", "Opted out (replied with an opt-out): no text leaves from then on."]
    quotes = [moment.quote for moment in story(contact).moments]
    assert quotes == ["Yes do", "", "", "Hello Janet", "Thanks", "STOP"]


def test_a_lifted_opt_out_stays_in_the_story() -> None:
    contact = makers.make_contacts(1)[0]
    suppress([contact.phone], source=Suppression.Source.STAFF, evidence="Called us")
    lift(Suppression.objects.get(), by=User.objects.create(username="dana"), reason="Called again")
    assert sentences(contact)[-1] == "The opt-out was lifted by dana."


def test_only_the_newest_are_shown_and_the_others_are_counted() -> None:
    contact = makers.make_contacts(1)[0]
    for _ in range(3):
        makers.make_send(to=contact.phone)
    found = story(contact, 2)
    assert (len(found.moments), found.earlier) == (2, 2)


@pytest.mark.parametrize(
    ("fields", "sentence", "tone"),
    [
        (
            {"state": "unknown", "reason": "No answer."},
            "A test: nobody can say whether it went out. No answer.",
            "warn",
        ),
        ({"state": "failed", "reason": "Refused."}, "A test was not sent. Refused.", "bad"),
        ({"state": "suppressed", "reason": "Opted out."}, "A test was held back. Opted out.", "warn"),
        ({"state": "expired", "reason": "Too late."}, "A test was held back. Too late.", "warn"),
        ({"state": "accepted"}, "A test was sent. No receipt came yet.", ""),
    ],
)
def test_what_became_of_a_text_is_never_rounded_up(fields: dict[str, str], sentence: str, tone: str) -> None:
    assert sentence_of(Send(kind="test", **fields)) == (sentence, tone)


def test_may_be_texted_until_and_why_not() -> None:
    makers.make_account()
    contact = Contact.objects.create(phone="+12025550100", first_name="Jane", consent_source="form")
    by_day, by_night = standing_of(contact, NOON), standing_of(contact, NIGHT)
    assert (by_day.tone, by_day.their_time) == ("good", "It is noon there now, Tuesday.")
    assert by_day.answer.startswith("May be texted until ")
    assert by_day.answer.endswith(" PM their time.")
    assert by_night.tone == "warn"
    assert by_night.answer.startswith("Not at this hour: may be texted from Wednesday, ")
    suppress([contact.phone], source=Suppression.Source.REPLY, evidence="STOP")
    stopped = standing_of(contact, NOON)
    assert (stopped.tone, stopped.reasons) == ("bad", ["Replied with an opt-out. “STOP”"])


def test_an_opt_out_of_an_earlier_number_is_told() -> None:
    makers.make_account()
    contact = Contact.objects.create(phone="+12025550100", first_name="Jane", consent_source="form")
    suppress([contact.phone], source=Suppression.Source.REPLY, evidence="STOP")
    contact.phone = "+12025550177"
    contact.save()
    moved = standing_of(contact, NOON)
    assert (moved.tone, moved.may_be_written_to) == ("warn", True)
    told = "Their earlier number +1 202-555-0100 is opted out. That opt-out does not cover this number."
    assert moved.reasons[0] == told
    assert moved.answer.endswith(" PM their time, but ask them first: an earlier number of theirs is opted out.")
    Contact.objects.create(phone="+12025550100", first_name="John")
    assert told not in standing_of(contact, NOON).reasons  # it is John's now, and was perhaps John who said stop


def test_a_number_at_rest_is_never_called_opted_out() -> None:
    makers.make_account()
    contact = Contact.objects.create(phone="+12025550100", first_name="Jane", consent_source="form")
    rest([contact.phone], evidence="Stop by at 5?", doubt="The reply contains “stop”.", said_at=NOON)
    resting = standing_of(contact, NOON)
    assert (resting.tone, resting.may_be_written_to) == ("warn", False)
    assert resting.answer.startswith("Must not be texted now: texts rest since ")
    assert resting.reasons == ["They wrote “Stop by at 5?”. The reply contains “stop”."]
    told = sentences(contact)
    assert told[-1] == "Texts to them rest until somebody decides."
    client = signed_in("view_contact", "view_conversation", "view_suppression")
    for address in (f"/contacts/contact/{contact.pk}/change/", "/contacts/contact/"):
        page = client.get(address).content.decode()
        assert "opted out" not in page.lower()
        assert "Texts rest" in page or "texts rest" in page
    confirm(Suppression.objects.get(), by=User.objects.get())
    assert standing_of(contact, NOON).answer.startswith("Must not be texted: opted out on ")
    assert sentences(contact)[-1] == "Opted out. reader decided: they meant stop. No text leaves from then on."


def test_what_was_only_a_doubt_is_not_called_a_lifted_opt_out() -> None:
    contact = makers.make_contacts(1)[0]
    rest([contact.phone], evidence="Stop by at 5?", doubt="It contains “stop”.", said_at=NOON)
    lift(Suppression.objects.get(), by=User.objects.create(username="dana"), reason="They come by.")
    assert sentences(contact)[-1] == "dana decided: they did not mean stop."


def test_a_fixed_line_and_a_missing_consent_are_said() -> None:
    makers.make_account()
    reasons = " ".join(standing_of(Contact.objects.create(phone="+442071838750"), NOON).reasons)
    assert "fixed number; it will probably receive no texts" in reasons
    assert "No consent is on record." in reasons


def test_why_somebody_did_not_get_it() -> None:
    jane, opted_out, stranger = makers.make_contacts(3)
    suppress([opted_out.phone], source=Suppression.Source.STAFF)
    campaign = makers.make_campaign([jane, opted_out])
    assert why(jane, campaign).sentence == ("“Spring” has not been launched. As things stand, it is for them too.")
    launching.launch(campaign, rehearsal.rehearse(campaign))
    campaign.refresh_from_db()
    assert "waits; it may leave from" in why(jane, campaign).sentence
    assert why(opted_out, campaign).sentence.startswith("“Spring” left them out: ")
    assert any(sentence.startswith("“Spring” left them out: ") for sentence in sentences(opted_out))
    assert why(stranger, campaign).sentence == (
        "They were not among those for whom “Spring” was launched. "
        "As things stand, they are on none of its lists and in none of its segments."
    )


def test_who_is_left_out_by_the_audience_is_told_so() -> None:
    jane = makers.make_contacts(1)[0]
    campaign = makers.make_campaign([jane])
    campaign.excluded_lists.add(makers.make_list([jane], "Staff"))
    assert why(jane, campaign).sentence.endswith("As things stand, it leaves out those who are on Staff, and they do.")


def signed_in(*codenames: str) -> Client:
    user = User.objects.create(username="reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_the_page_tells_the_story_and_answers_why() -> None:
    contact = makers.make_contacts(1)[0]
    campaign = makers.make_campaign([contact])
    launching.launch(campaign, rehearsal.rehearse(campaign))
    client = signed_in("view_contact", "view_send", "view_conversation", "view_campaign")
    page = client.get(f"/contacts/contact/{contact.pk}/change/?campaign={campaign.pk}").content.decode()
    assert "Their story" in page
    assert "Hello Person 0" in page
    assert page.count("waits; it may leave from") == 2


def test_who_may_not_read_texts_sees_none() -> None:
    contact = makers.make_contacts(1)[0]
    campaign = makers.make_campaign([contact])
    launching.launch(campaign, rehearsal.rehearse(campaign))
    page = signed_in("view_contact").get(f"/contacts/contact/{contact.pk}/change/?campaign={campaign.pk}")
    assert "Their story" in page.content.decode()
    assert "Spring" not in page.content.decode()


class TestMainButton:
    """“Send a text” opens the conversation; nothing is sent by that."""

    MAY = ("view_contact", "view_conversation", "reply_conversation", "view_suppression")

    def test_it_opens_a_conversation_with_who_was_never_texted(self) -> None:
        agent = makers.make_agent(is_default=True)
        contact = makers.make_contacts(1)[0]
        client = signed_in(*self.MAY)
        assert "Send a text" in client.get(f"/contacts/contact/{contact.pk}/change/").content.decode()
        answer = client.post("/conversations/conversation/begin/", {"contact": contact.pk})
        conversation = Conversation.objects.get()
        assert (conversation.contact, conversation.agent) == (contact, agent)
        page = client.get(answer["Location"]).content.decode()
        assert "No text has been exchanged yet." in page
        assert not Send.objects.exists()
        client.post("/conversations/conversation/begin/", {"contact": contact.pk})
        assert Conversation.objects.count() == 1

    def test_it_goes_on_with_the_agent_who_texted_them(self) -> None:
        makers.make_agent(is_default=True)
        contact = makers.make_contacts(1)[0]
        sent = sent_text(contact=contact)
        signed_in(*self.MAY).post("/conversations/conversation/begin/", {"contact": contact.pk})
        assert Conversation.objects.get().agent == sent.agent

    def test_it_is_not_offered_where_texts_are_stopped_or_to_who_may_not_answer(self) -> None:
        makers.make_agent()
        contact = makers.make_contacts(1)[0]
        page = f"/contacts/contact/{contact.pk}/change/"
        reader = signed_in("view_contact", "view_conversation")
        assert "Send a text" not in reader.get(page).content.decode()
        assert reader.post("/conversations/conversation/begin/", {"contact": contact.pk}).status_code == 403
        assert reader.get("/conversations/conversation/begin/").status_code == 405
        User.objects.get().user_permissions.set(Permission.objects.filter(codename__in=self.MAY))
        suppress([contact.phone], source=Suppression.Source.STAFF)
        assert "Send a text" not in reader.get(page).content.decode()
        assert not Conversation.objects.exists()

    def test_the_proof_is_one_click_away_with_its_number(self) -> None:
        contact = makers.make_contacts(1)[0]
        sent = sent_text(contact=contact)
        apply(text_call(sent, "Hello"))
        client = signed_in(*self.MAY)
        link, words = f'href="/proof/{contact.phone}/"', "Proof for +1 202-555-0100"
        for page in (
            f"/contacts/contact/{contact.pk}/change/",
            f"/conversations/conversation/{Conversation.objects.get().pk}/change/",
        ):
            shown = client.get(page).content.decode()
            assert link in shown
            assert words in shown
        assert "Proof for" not in Client().get(f"/contacts/contact/{contact.pk}/change/").content.decode()
