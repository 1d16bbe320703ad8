"""Whom most tests of the inbox begin with."""

import pytest
from django.test import Client

from conversations.models import Conversation
from tests.conversations.calls import apply, fresh, sent_text, status_call, text_call
from tests.conversations.staff import staff
from tests.makers import make_contacts


@pytest.fixture
def reader() -> Client:
    return staff("view_conversation", "view_contact", "view_campaign")


@pytest.fixture
def conversation() -> Conversation:
    contact = make_contacts(1, first_name="Jane", last_name="Doe", time_zone="America/Los_Angeles")[0]
    send = sent_text(
        contact=contact,
        text="Hello Jane,\nsee you at 3?",
        trigger="appointment_reminder",
        metadata={"customer_name": "Jane", "vip": True, "rc_send": "secret", "times": ["3 pm", "4 pm"]},
    )
    apply(status_call(send, "delivered"))
    apply(text_call(send, "Yes <b>please</b>"))
    return fresh()
