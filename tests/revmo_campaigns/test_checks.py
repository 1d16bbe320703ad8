"""A mistake in the environment is told at the start, with its mend."""

import pytest
from django.conf import settings as django_settings
from django.core.checks import CheckMessage
from pytest_django import Settings

from revmo_campaigns import checks


def ids(found: list[CheckMessage]) -> list[str | None]:
    assert all(message.hint for message in found)
    return [message.id for message in found]


@pytest.mark.parametrize(
    ("mode", "address", "expected"),
    [
        ("simulator", "http://127.0.0.1:8900", []),
        ("simulator", "https://api.revmo.ai", ["revmo_campaigns.E002"]),
        ("live", "https://api.revmo.ai", []),
        ("live", "http://127.0.0.1:9", []),
        ("live", "http://api.revmo.ai", ["revmo_campaigns.E003"]),
        ("live", "https://api.revmo.ai/v1/", ["revmo_campaigns.E001"]),
        ("live", "api.revmo.ai", ["revmo_campaigns.E001"]),
    ],
)
def test_the_address_of_revmo(settings: Settings, mode: str, address: str, expected: list[str]) -> None:
    settings.REVMO_MODE, settings.REVMO_API_URL = mode, address
    assert ids(checks.check_revmo_address(None)) == expected


def test_a_lease_outlives_its_request(settings: Settings) -> None:
    assert checks.check_lease(None) == []
    settings.SEND_LEASE_SECONDS = django_settings.REVMO_TOTAL_DEADLINE
    assert ids(checks.check_lease(None)) == ["revmo_campaigns.E004"]


def test_a_malformed_webhook_secret(settings: Settings) -> None:
    settings.REVMO_WEBHOOK_SECRETS = "secret"
    assert ids(checks.check_webhooks(None)) == ["revmo_campaigns.E005"]


def test_live_mode_without_a_way_in(settings: Settings) -> None:
    settings.REVMO_WEBHOOK_SECRETS = settings.REVMO_WEBHOOK_TOKEN = ""
    assert checks.check_webhooks(None) == []
    settings.REVMO_MODE = "live"
    assert ids(checks.check_webhooks(None)) == ["revmo_campaigns.W001"]
    settings.REVMO_WEBHOOK_TOKEN = "token"
    assert checks.check_webhooks(None) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"path": {}}', '{"paths": {"nonsense": "a"}}', '{"kinds": {"a": "b"}}'])
def test_a_malformed_map_of_webhook_fields(settings: Settings, text: str) -> None:
    settings.REVMO_WEBHOOK_FIELDS = text
    assert ids(checks.check_webhooks(None)) == ["revmo_campaigns.E006"]
