"""An opt-out that comes in while others are being honoured is honoured as well, never just marked as applied."""

from typing import Any

import pytest

from contacts.models import Suppression
from conversations import applying
from conversations.models import WebhookEvent
from tests.conversations.calls import keep, sent_text, text_call
from tests.makers import make_contacts

pytestmark = pytest.mark.django_db


def test_a_stop_between_the_look_for_opt_outs_and_the_rest_of_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (sent_text(contact=contact) for contact in make_contacts(2))
    keep(text_call(first, "Thanks"))
    honour = applying._honour_opt_outs
    late = iter([second])

    def and_then_one_more(*arguments: Any) -> Any:
        failed = honour(*arguments)
        for send in late:
            keep(text_call(send, "STOP"))
        return failed

    monkeypatch.setattr(applying, "_honour_opt_outs", and_then_one_more)
    applying.apply_waiting(10)
    assert not WebhookEvent.objects.exclude(state="applied").exists()
    assert Suppression.objects.standing().filter(phone=second.to).exists()
