"""System checks: one for each mistake that an operator can make in the environment, with the mend as its hint."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from revmo.events import field_map
from revmo.signatures import parse_secrets

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@register
def check_revmo_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The address is an origin; the simulator is never the real Revmo, nor plain HTTP beyond this machine."""
    parts = urlsplit(settings.REVMO_API_URL)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        return [
            Error(
                f"REVMO_API_URL is not an origin: {settings.REVMO_API_URL!r}.",
                hint="Give scheme and host alone, for example https://api.revmo.ai",
                id="revmo_campaigns.E001",
            )
        ]
    if parts.hostname in LOOPBACK:
        return []
    if settings.REVMO_MODE == "simulator":
        return [
            Error(
                "Simulator mode, but REVMO_API_URL points beyond this machine.",
                hint="Set REVMO_API_KEY to send for real, or remove REVMO_API_URL to use the simulator.",
                id="revmo_campaigns.E002",
            )
        ]
    if parts.scheme != "https":
        return [
            Error(
                "REVMO_API_URL would carry the API key over plain HTTP.",
                hint="Use https://",
                id="revmo_campaigns.E003",
            )
        ]
    return []


@register
def check_lease(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A lease that ends before its request can would let the reaper judge a request that is still under way."""
    if settings.SEND_LEASE_SECONDS < settings.REVMO_TOTAL_DEADLINE + 5:
        return [
            Error(
                "SEND_LEASE_SECONDS must exceed REVMO_TOTAL_DEADLINE by at least 5 seconds.",
                hint="Raise SEND_LEASE_SECONDS or lower REVMO_TOTAL_DEADLINE.",
                id="revmo_campaigns.E004",
            )
        ]
    return []


@register
def check_webhooks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A secret that cannot verify would turn every event away; without any way in, opt-outs never reach us."""
    try:
        parse_secrets(settings.REVMO_WEBHOOK_SECRETS)
    except ValueError as problem:
        return [
            Error(
                f"REVMO_WEBHOOK_SECRETS cannot be used. {problem}",
                hint="Copy the secrets whole, separated by commas.",
                id="revmo_campaigns.E005",
            )
        ]
    try:
        field_map(settings.REVMO_WEBHOOK_FIELDS, settings.REVMO_REFERENCE_KEY)
    except ValueError as problem:
        return [
            Error(
                f"REVMO_WEBHOOK_FIELDS cannot be used. {problem}",
                hint="Mend it, or remove it where Revmo's events come as we assume.",
                id="revmo_campaigns.E006",
            )
        ]
    if settings.REVMO_MODE == "live" and not (settings.REVMO_WEBHOOK_SECRETS or settings.REVMO_WEBHOOK_TOKEN):
        return [
            checks.Warning(
                "Live mode, but no webhook can come in: replies and opt-outs would stay at Revmo.",
                hint="Set REVMO_WEBHOOK_SECRETS, or REVMO_WEBHOOK_TOKEN where Revmo cannot sign.",
                id="revmo_campaigns.W001",
            )
        ]
    return []
