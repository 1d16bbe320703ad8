"""What staff see when something is not there, not theirs, or broken: words, never a traceback."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import pages
from tests.makers import launched

pytestmark = pytest.mark.django_db


def staff(superuser: bool = True) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("dana", is_staff=True, is_superuser=superuser))
    return client


def test_what_is_not_there() -> None:
    response = staff().get(reverse("admin:campaigns_campaign_change", args=[999_999]))
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_what_is_not_theirs() -> None:
    response = staff(superuser=False).get(reverse("admin:campaigns_campaign_changelist"))
    assert response.status_code == 403
    assert "Your role does not include it" in response.content.decode()


def test_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a secret detail")

    campaign = launched(1)
    monkeypatch.setattr(pages, "live", broken)
    response = staff().get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
    assert response.status_code == 500
    text = response.content.decode()
    assert "Something went wrong on our side" in text
    assert "secret detail" not in text
