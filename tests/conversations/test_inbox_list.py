"""The list of the inbox: who stands in it, in which order, counted exactly, and kept up to date."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Mode
from contacts.models import Contact, Suppression
from contacts.suppressing import suppress
from conversations import inbox
from conversations.models import Conversation, StaffSettings
from tests.conversations.calls import a_crowd, apply, call, sent_text, text_call
from tests.conversations.staff import FRONT_DESK, browser_of, colleague, staff
from tests.makers import make_contacts, number

pytestmark = pytest.mark.django_db

LIST = "/conversations/conversation/"


def rows_of(client: Client, **asked: str) -> list[str]:
    """The names of a list."""
    return [row.name for row in client.get(LIST, asked).context["listing"].rows]


def counts_of(client: Client, **asked: str) -> dict[str, int | None]:
    return {tab.key: tab.count for tab in client.get(LIST, asked).context["tabs"]}


class TestList:
    def test_an_empty_list_says_what_belongs_here_and_the_first_step(self, reader: Client) -> None:
        page = reader.get(LIST).content.decode()
        assert "No conversations yet" in page
        assert "Go to campaigns" in page

    def test_it_shows_who_and_the_last_text(self, reader: Client, conversation: Conversation) -> None:
        page = reader.get(LIST).content.decode()
        assert "Jane Doe" in page
        assert "Yes &lt;b&gt;please&lt;/b&gt;" in page
        assert "mark-human" not in page

    def test_it_marks_who_needs_a_human_with_the_reason_and_who_opted_out(
        self, reader: Client, conversation: Conversation
    ) -> None:
        suppress([conversation.contact.phone], source=Suppression.Source.STAFF)
        assert '<span class="mark mark-stop">Opted out</span>' in reader.get(LIST).content.decode()
        send = sent_text(contact=conversation.contact, agent=conversation.agent)
        apply(call("sms.handoff", thread_id=send.thread_id, reason="Wants a refund"))
        assert "Agent asks: Wants a refund" in reader.get(LIST).content.decode()

    def test_every_tab_counts_exactly_what_it_lists(self, conversation: Conversation) -> None:
        dana = colleague("Dana", *FRONT_DESK)
        client = browser_of(dana)
        people = [Contact(phone=number(index), first_name=f"Person {index}") for index in range(1, 6)]
        for contact in Contact.objects.bulk_create(people):
            apply(text_call(sent_text(contact=contact, agent=conversation.agent), "Hello"))
        first, second, third, fourth, *_ = Conversation.objects.order_by("pk")
        now = timezone.now()
        Conversation.objects.filter(pk=first.pk).update(needs_human_since=now)
        Conversation.objects.filter(pk=second.pk).update(holder=dana, held_since=now, unread=False)
        Conversation.objects.filter(pk=third.pk).update(snoozed_until=now + timedelta(hours=1), needs_human_since=now)
        suppress([fourth.contact.phone], source=Suppression.Source.STAFF)
        counted = counts_of(client)
        assert counted == {"human": 1, "unread": 4, "mine": 1, "snoozed": 1, "opted_out": 1, "all": 6}
        for key, count in counted.items():
            assert len(rows_of(client, show=key)) == count

    def test_without_a_choice_it_opens_with_who_needs_a_human(self, reader: Client, conversation: Conversation) -> None:
        assert reader.get(LIST).context["view"].show == "all"
        Conversation.objects.update(needs_human_since=timezone.now())
        assert reader.get(LIST).context["view"].show == "human"

    def test_whom_the_agent_handed_over_comes_first_then_who_waits_longest(self, reader: Client) -> None:
        contacts = make_contacts(3)
        for contact, body in zip(contacts, ("Can you stop by?", "Stop by at 5?", "Yes"), strict=True):
            apply(text_call(sent_text(contact=contact), body))
        send = sent_text(contact=contacts[2], agent=Conversation.objects.get(contact=contacts[2]).agent)
        apply(call("sms.handoff", thread_id=send.thread_id, reason="Is angry"))
        assert rows_of(reader, show="human") == ["Person 2", "Person 0", "Person 1"]

    def test_a_snoozed_one_comes_back_by_itself(self, reader: Client, conversation: Conversation) -> None:
        Conversation.objects.update(snoozed_until=timezone.now() + timedelta(hours=1))
        assert rows_of(reader, show="unread") == []
        Conversation.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))
        assert rows_of(reader, show="unread") == ["Jane Doe"]

    def test_it_finds_a_person_by_name_number_and_last_digits(self, reader: Client, conversation: Conversation) -> None:
        phone = conversation.contact.phone
        for words, found in (("jane", 1), ("Doe", 1), ("jane d", 1), (phone, 1), (phone[-4:], 1), ("John", 0)):
            assert len(rows_of(reader, show="all", q=words)) == found
        assert "Nobody here matches “John”" in reader.get(LIST, {"show": "all", "q": "John"}).content.decode()

    def test_it_pages_by_place_and_loses_nobody(self, reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inbox, "ROWS", 2)
        same = timezone.now()
        for contact in make_contacts(5):
            apply(text_call(sent_text(contact=contact), "Hello"))
        Conversation.objects.update(last_message_at=same)
        address, seen = f"{LIST}?show=all", []
        while address:
            listing = reader.get(address).context["listing"]
            seen += [row.pk for row in listing.rows]
            address = f"{LIST}?{listing.older}" if listing.older else ""
        assert seen == list(Conversation.objects.order_by("-pk").values_list("pk", flat=True))

    def test_it_never_shows_the_other_mode(self, reader: Client, conversation: Conversation) -> None:
        Conversation.objects.update(mode=Mode.LIVE)
        assert rows_of(reader, show="all") == []
        assert reader.get(reverse("admin:conversations_conversation_news", args=[conversation.pk])).status_code == 404

    def test_an_open_list_is_told_of_changes_and_of_nothing_else(
        self, reader: Client, conversation: Conversation
    ) -> None:
        address = reverse("admin:conversations_conversation_rows")
        digest = reader.get(LIST, {"show": "all"}).context["digest"]
        assert reader.get(address, {"show": "all", "digest": digest}).status_code == 204
        apply(text_call(sent_text(contact=conversation.contact, agent=conversation.agent), "One more thing"))
        cache.clear()  # a second later
        response = reader.get(address, {"show": "all", "digest": digest})
        assert "One more thing" in response.content.decode()
        assert 'hx-swap-oob="true"' in response.content.decode()

    def test_where_only_counts_moved_the_rows_stay_as_they_are(
        self, reader: Client, conversation: Conversation
    ) -> None:
        address = reverse("admin:conversations_conversation_rows")
        digest = reader.get(LIST, {"show": "human"}).context["digest"]
        apply(text_call(sent_text(contact=Contact.objects.create(phone=number(7)), agent=conversation.agent), "Hello"))
        page = reader.get(address, {"show": "human", "digest": digest}).content.decode()
        assert "inbox-tabs" in page
        assert 'inbox-rows" hx-swap-oob' not in page

    def test_pages_of_several_staff_share_rows_and_never_what_is_ones_own(self, conversation: Conversation) -> None:
        """Boxes are for those who may choose, and each has their own clock and their own conversations."""
        address = reverse("admin:conversations_conversation_rows")
        dana, lee = colleague("Dana", *FRONT_DESK), colleague("Lee", "view_conversation")
        StaffSettings.objects.create(user=lee, time_zone="Asia/Tokyo")
        Conversation.objects.update(holder=dana, held_since=timezone.now())
        danas, lees = browser_of(dana), browser_of(lee)
        pages = [browser.get(address, {"show": "all"}).content.decode() for browser in (danas, lees)]
        assert ["Choose Jane Doe" in page for page in pages] == [True, False]
        assert ["+09:00" in page for page in pages] == [False, True]
        mine = [browser.get(address, {"show": "mine"}).content.decode() for browser in (danas, lees)]
        assert ["Jane Doe" in page for page in mine] == [True, False]

    def test_fifty_open_pages_read_the_list_once(self, conversation: Conversation) -> None:
        address, client = reverse("admin:conversations_conversation_rows"), staff(*FRONT_DESK)
        asked = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address, {"show": "all"}).status_code == 200
            asked.append(sum("last_said_at" in query["sql"] for query in queries))
        assert asked == [1, 0]

    def test_last_digits_are_read_off_their_index(self, reader: Client) -> None:
        people = a_crowd()
        term = people[7].phone[-6:]
        with CaptureQueriesContext(connection) as queries:
            assert rows_of(reader, show="all", q=term) == [people[7].phone]
        listing = next(query["sql"] for query in queries if "last_said_at" in query["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {listing}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "contact_by_last_digits" in plan
        assert "Seq Scan on contacts_contact" not in plan
