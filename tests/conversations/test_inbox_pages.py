"""A conversation as a page that keeps itself up to date."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Mode
from contacts.models import Suppression
from contacts.suppressing import suppress
from conversations import attention, keeping
from conversations.freshness import version
from conversations.models import Conversation, HandOverMail, Reply, StaffSettings
from conversations.timeline import Place, newest, since
from conversations.wording import Line
from tests.conversations.calls import a_crowd, apply, call, fresh, sent_text, status_call, text_call
from tests.conversations.staff import FRONT_DESK, browser_of, colleague, staff
from tests.makers import launched, make_campaign

pytestmark = pytest.mark.django_db

LIST = "/conversations/conversation/"


def version_of(conversation: Conversation, *writers: str) -> str:
    """As somebody sees it who is nobody in particular; `writers` write meanwhile."""
    for name in writers:
        keeping.writes(conversation, colleague(name))
    return version(conversation.pk, 0)


def page_of(conversation: Conversation) -> str:
    return reverse("admin:conversations_conversation_change", args=[conversation.pk])


def news_of(conversation: Conversation) -> str:
    return reverse("admin:conversations_conversation_news", args=[conversation.pk])


class TestConversation:
    def test_it_shows_every_text_with_what_became_of_it(self, reader: Client, conversation: Conversation) -> None:
        page = reader.get(page_of(conversation)).content.decode()
        assert "Hello Jane,<br>see you at 3?" in page
        assert "Yes &lt;b&gt;please&lt;/b&gt;" in page
        assert "Delivered" in page
        assert "Asked the agent to start “appointment_reminder”." in page

    def test_it_lists_what_the_agent_was_told_in_words(self, reader: Client, conversation: Conversation) -> None:
        page = reader.get(page_of(conversation)).content.decode()
        for words in ("<dt>Customer name</dt><dd>Jane</dd>", "<dd>yes</dd>", "<dd>3 pm, 4 pm</dd>"):
            assert words in page
        assert "rc_send" not in page
        assert "secret" not in page

    def test_it_names_the_campaign_that_a_reply_answers(self, reader: Client) -> None:
        campaign = launched(1, name="Spring sale")
        now = timezone.now()
        campaign.sends.update(state="accepted", thread_id="th_1", posted_at=now, finished_at=now)
        apply(text_call(campaign.sends.get(), "Tell me more"))
        page = reader.get(page_of(Conversation.objects.get())).content.decode()
        address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        assert f'answers <a href="{address}">Spring sale</a>' in page

    def test_it_shows_the_persons_clock_where_it_differs(self, conversation: Conversation) -> None:
        at = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
        conversation.messages.update(at=at)
        with timezone.override("America/New_York"):
            line = newest(conversation).lines[0]
            assert (line.at, line.their_time) == (at, "9:30 AM PST")
        with timezone.override("America/Los_Angeles"):
            assert newest(conversation).lines[0].their_time == ""

    def test_the_reader_has_their_own_clock_and_is_told_which(self, conversation: Conversation) -> None:
        client = staff(*FRONT_DESK)
        settings = reverse("admin:conversations_staffsettings_changelist")
        assert "America/New York" in client.get(page_of(conversation)).content.decode()
        client.post(settings, {"time_zone": "Asia/Tokyo"})
        assert "On your clock (Asia/Tokyo)" in client.get(page_of(conversation)).content.decode()
        assert "is not a time zone" in client.post(settings, {"time_zone": "Mars/Crater"}).content.decode()

    @pytest.mark.parametrize(
        ("settled", "browser", "zone"),
        [
            ("", "Asia%2FTokyo", "Asia/Tokyo"),
            ("Europe/Paris", "Asia%2FTokyo", "Europe/Paris"),
            ("", "", "America/New York"),
            ("", "..%2F..%2Fetc%2Fpasswd", "America/New York"),
        ],
    )
    def test_who_settled_no_clock_has_that_of_their_browser(
        self, conversation: Conversation, settled: str, browser: str, zone: str
    ) -> None:
        dana = colleague("Dana", *FRONT_DESK)
        StaffSettings.objects.create(user=dana, time_zone=settled)
        client = browser_of(dana)
        client.cookies["clock"] = browser
        assert client.get(page_of(conversation)).context["zone"] == zone

    def test_it_says_that_the_person_opted_out_and_in_which_words(
        self, reader: Client, conversation: Conversation
    ) -> None:
        apply(text_call(sent_text(contact=conversation.contact, agent=conversation.agent), "Stop!!"))
        page = reader.get(page_of(conversation)).content.decode()
        assert "Opted out" in page
        assert "“Stop!!”" in page

    def test_it_is_read_in_windows_by_place_and_no_line_is_lost_or_doubled(self, conversation: Conversation) -> None:
        same = timezone.now()
        for one in range(7):
            conversation.messages.create(author="agent", body=f"text {one}", at=same)
            conversation.entries.create(kind="note", text=f"note {one}", at=same)
        whole = newest(conversation, 100).lines
        seen: list[Line] = []
        place: Place | None = None
        while True:
            window = newest(conversation, 3, before=place)
            seen = [*window.lines, *seen]
            place = window.first
            if not window.earlier:
                break
        assert seen == whole
        assert len(whole) == 16

    def test_a_place_survives_an_address_and_nonsense_is_none(self) -> None:
        place = Place(timezone.now(), 2, 77)
        assert Place.parse(str(place)) == place
        for text in ("", "1-2", "a-b-c", "²-1-1", "9" * 30 + "-1-1", "-1-2-3"):
            assert Place.parse(text) is None

    def test_earlier_texts_are_fetched_by_their_place(self, reader: Client, conversation: Conversation) -> None:
        for minute in range(70):
            conversation.messages.create(author="agent", body=f"text {minute}.", at=timezone.now())
        first = newest(conversation).first
        address = reverse("admin:conversations_conversation_earlier", args=[conversation.pk])
        page = reader.get(address, {"before": str(first)}).content.decode()
        assert "Hello Jane" in page
        assert "Show earlier texts" not in page
        assert reader.get(address, {"before": "x"}).status_code == 404

    def test_opening_one_takes_at_most_fifteen_queries(self, conversation: Conversation) -> None:
        client = staff(*FRONT_DESK, "view_send")
        dana = colleague("Dana")
        suppress([conversation.contact.phone], source=Suppression.Source.STAFF)
        Conversation.objects.update(holder=dana, held_since=timezone.now(), taken_over_at=timezone.now())
        for minute in range(200):
            conversation.messages.create(author="agent", body="text", at=timezone.now() + timedelta(minutes=minute))
        conversation.entries.create(kind="note", text="Careful", by=dana, at=timezone.now())
        client.get(page_of(conversation))  # what a process remembers
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(page_of(conversation)).status_code == 200
        assert len(queries) <= 15, "\n".join(query["sql"][:150] for query in queries)

    def test_more_lines_of_any_sort_cost_no_more_questions(self, conversation: Conversation) -> None:
        """A column that a line shows and the statement does not name would be one more for each line."""
        client, dana, asked = staff(*FRONT_DESK, "view_send"), colleague("Dana"), []
        campaign = make_campaign([conversation.contact], agent=conversation.agent, name="Spring")
        for amount in (1, 4):
            for _ in range(amount):
                self._one_line_of_each_sort(conversation, dana, campaign)
            client.get(page_of(conversation))  # what a process remembers
            with CaptureQueriesContext(connection) as queries:
                client.get(page_of(conversation))
            asked.append(len(queries))
        assert asked[0] == asked[1]

    def _one_line_of_each_sort(self, conversation: Conversation, by: User, campaign: Campaign) -> None:
        contact, agent, now = conversation.contact, conversation.agent, timezone.now()
        for fields in (
            {"delivery": "delivered"},
            {"state": "failed"},
            {"state": "queued", "posted_at": None, "finished_at": None, "thread_id": ""},
        ):
            send = sent_text(contact=contact, agent=agent, **fields)
            Reply.objects.create(send=send, conversation=conversation, by=by, at=now)
        number = campaign.sends.count()
        sent = sent_text(kind="campaign", campaign=campaign, contact=contact, agent=agent, resend_number=number)
        for author in ("contact", "agent", "human"):
            conversation.messages.create(author=author, body="text", at=now, send=sent)
        for kind in ("note", "taken_over", "handed_over"):
            entry = conversation.entries.create(kind=kind, text="Careful", by=by, at=now)
        HandOverMail.objects.create(entry=entry, recipients=1)

    def test_it_is_for_those_who_may_see_it(self, conversation: Conversation) -> None:
        assert staff("view_contact").get(page_of(conversation)).status_code == 403
        assert Client().get(page_of(conversation)).status_code == 302

    def test_one_that_is_not_there_leads_back(self, reader: Client) -> None:
        assert reader.get(f"{LIST}999/change/").status_code == 302

    def test_a_page_with_the_list_already_gets_the_conversation_alone(
        self, reader: Client, conversation: Conversation
    ) -> None:
        page = reader.get(page_of(conversation), headers={"HX-Request": "true", "HX-Target": "pane"}).content.decode()
        assert page.lstrip().startswith('<section id="pane"')
        assert "inbox-rows" not in page


class TestNews:
    def test_nothing_new_is_answered_with_nothing(self, reader: Client, conversation: Conversation) -> None:
        response = reader.get(news_of(conversation), {"version": version_of(conversation)})
        assert (response.status_code, response.content) == (204, b"")

    def test_a_new_text_comes_with_the_next_version(self, reader: Client, conversation: Conversation) -> None:
        before = version_of(conversation)
        send = sent_text(contact=conversation.contact, agent=conversation.agent)
        apply(text_call(send, "One more thing"))
        response = reader.get(news_of(conversation), {"version": before})
        assert response.status_code == 200
        page = response.content.decode()
        assert "One more thing" in page
        assert f"version={version_of(fresh())}" in page

    def test_a_page_keeps_what_it_showed_when_new_texts_come(self, conversation: Conversation) -> None:
        first = newest(conversation).first
        assert first is not None
        for _ in range(80):
            conversation.messages.create(author="agent", body="text", at=timezone.now())
        assert since(conversation, first).lines[0].text == "Hello Jane,\nsee you at 3?"

    def test_whatever_the_page_shows_changes_the_version(self, conversation: Conversation) -> None:
        send = sent_text(contact=conversation.contact, agent=conversation.agent)
        seen = {version_of(fresh())}
        for body in (
            status_call(send, "sent"),
            status_call(send, "delivered"),
            text_call(send, "Hm", "human"),
            call("sms.handoff", thread_id=send.thread_id, reason="Wants a person"),
            call("sms.agent", thread_id=send.thread_id, agent_enabled=False),
        ):
            apply(body)
            seen.add(version_of(fresh()))
        suppress([send.to], source=Suppression.Source.STAFF)
        seen.add(version_of(fresh()))
        seen.add(version_of(fresh(), "Sam"))
        assert len(seen) == 8

    def test_after_signing_out_the_page_loads_anew(self, conversation: Conversation) -> None:
        response = Client().get(news_of(conversation))
        assert (response.status_code, response.headers["HX-Refresh"]) == (401, "true")

    def test_looking_changes_nothing(self, reader: Client, conversation: Conversation) -> None:
        before = Conversation.objects.values().get()
        reader.get(page_of(conversation))
        reader.get(news_of(conversation))
        reader.get(LIST)
        assert Conversation.objects.values().get() == before


class TestOpen:
    def test_the_contact_says_whether_a_live_conversation_is_open(self, conversation: Conversation) -> None:
        contact = conversation.contact
        Conversation.objects.update(mode=Mode.LIVE)
        attention.write_down([contact.pk])
        contact.refresh_from_db()
        assert contact.conversation_open
        Conversation.objects.update(unread=False)
        attention.write_down([contact.pk])
        contact.refresh_from_db()
        assert not contact.conversation_open

    @pytest.mark.parametrize(("query", "index"), [("need_a_human", "for_a_human"), ("not_read", "not_read")])
    def test_a_tab_is_read_off_its_own_index(self, query: str, index: str) -> None:
        people = a_crowd()
        Conversation.objects.filter(contact=people[0]).update(unread=True, needs_human_since=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE conversations_conversation")
        found = getattr(Conversation.objects.in_mode(Mode.SIMULATOR), query)().order_by()
        assert f"conversations_{index}" in found.explain()
