"""How the simulator behaves, and what it refuses to be."""

import base64
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from simulator.scenarios import Scenario

SECRET_PREFIX = "whsec_"  # noqa: S105  a prefix of the Standard Webhooks form, no secret


class Misconfigured(ValueError):
    """The simulator does not start; the text says why."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings.

    Times in seconds. `port` 0 takes any free one. `rate` is in requests per second, 0 means no limit. Events
    are signed where there is a `webhook_secret`, and not sent where there is no `webhook_url`. The last of
    `retry_delays` repeats until `webhook_attempts` are used up. Thread ids and event ids follow from `seed`:
    a simulator that restarts under a receiver that remembers should be given another one. `event_delay` is
    how late events are under the scenario of that name, and how long they gather to change their order.
    """

    host: str = "127.0.0.1"
    port: int = 8900
    api_key: str = "simulator"
    webhook_url: str = ""
    webhook_secret: str = ""
    rate: float = 0.0
    latency: float = 0.0
    delivery_delay: float = 1.0
    slow_delay: float = 8.0
    retry_delays: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
    webhook_attempts: int = 120
    seed: int = 1
    scenarios: frozenset[Scenario] = frozenset()
    event_delay: float = 5.0

    def check(self) -> None:
        """Raises Misconfigured for an address beyond this machine and for values that cannot work."""
        if not is_loopback(self.host):
            raise Misconfigured("The simulator serves this machine only: use --host 127.0.0.1.")
        if not 0 <= self.port <= 65535:
            raise Misconfigured("A port is a number from 0 to 65535.")
        if min(self.rate, self.latency, self.delivery_delay, self.slow_delay, self.event_delay) < 0:
            raise Misconfigured("Rates and delays cannot be negative.")
        if not self.api_key.isascii() or not self.api_key.strip():
            raise Misconfigured("The API key must be plain letters and digits.")
        if self.webhook_url:
            _check_webhook_url(self.webhook_url)
        if self.webhook_secret:
            _check_secret(self.webhook_secret)


def is_loopback(host: str | None) -> bool:
    """Does this name or address stay on this machine? No name but localhost is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_webhook_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured(f"The webhook address cannot be read: {url}") from None
    if not is_loopback(parts.hostname):
        raise Misconfigured("The simulator calls this machine only: the webhook address must be on 127.0.0.1.")
    if parts.scheme != "http" or port == 0:
        raise Misconfigured("The webhook address must begin with http://.")


def _check_secret(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not key:
        raise Misconfigured("The webhook secret must be whsec_ followed by base64.")
