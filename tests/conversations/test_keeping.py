"""Who has a conversation, until when it may rest, and what colleagues tell one another; on the database's clock."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Send
from conversations import keeping
from conversations.freshness import STILL_WRITING
from conversations.models import Conversation
from tests.conversations.calls import apply, sent_text, text_call
from tests.conversations.staff import FRONT_DESK, browser_of, colleague, staff
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation() -> Conversation:
    contact = make_contacts(1, first_name="Jane", last_name="Doe")[0]
    apply(text_call(sent_text(contact=contact, thread_id="th_1"), "Can I come at 4?"))
    return Conversation.objects.get()


class TestKeeping:
    def test_done_closes_and_a_new_text_opens_again(self, conversation: Conversation) -> None:
        dana = colleague("Dana")
        assert keeping.done(Conversation.objects.all(), by=dana) == 1
        assert not Conversation.objects.get().is_open
        assert keeping.done(Conversation.objects.all(), by=dana) == 0
        apply(text_call(Send.objects.get(thread_id="th_1"), "One more"))
        assert Conversation.objects.get().is_open

    def test_a_snoozed_one_comes_back_unread_and_a_text_wakes_it(self, conversation: Conversation) -> None:
        dana = colleague("Dana")
        keeping.snooze(conversation.pk, timezone.now() + timedelta(hours=1), by=dana)
        assert not Conversation.objects.not_read().exists()
        apply(text_call(Send.objects.get(thread_id="th_1"), "Hello?"))
        assert Conversation.objects.not_read().exists()
        with pytest.raises(keeping.CannotKeep):
            keeping.snooze(conversation.pk, timezone.now(), by=dana)

    def test_a_note_is_shown_and_never_sent(self, conversation: Conversation) -> None:
        client, before = staff(*FRONT_DESK), Send.objects.count()
        client.post(reverse("admin:conversations_conversation_note", args=[conversation.pk]), {"note": "Careful <b>"})
        page = client.get(reverse("admin:conversations_conversation_change", args=[conversation.pk])).content.decode()
        assert "Careful &lt;b&gt;" in page
        assert "note, not sent" in page
        assert Send.objects.count() == before

    def test_a_colleague_sees_who_is_writing_for_a_few_seconds(self, conversation: Conversation) -> None:
        dana = browser_of(colleague("Dana", *FRONT_DESK))
        sam = staff(*FRONT_DESK)
        news = reverse("admin:conversations_conversation_news", args=[conversation.pk])
        dana.post(reverse("admin:conversations_conversation_writing", args=[conversation.pk]))
        assert "Dana is writing" in sam.get(news).content.decode()
        assert "Dana is writing" not in dana.get(news).content.decode()
        Conversation.objects.get().writers.update(at=timezone.now() - STILL_WRITING)
        assert "Dana is writing" not in sam.get(news).content.decode()
