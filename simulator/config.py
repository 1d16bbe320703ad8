"""How the simulator behaves."""

from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Misconfigured(ValueError):
    """The simulator does not start; the text says why."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings; times in seconds, `rate` in requests per second (0: no limit), port 0: any free one."""

    host: str = "127.0.0.1"
    port: int = 8900
    api_key: str = "simulator"
    webhook_url: str = ""
    webhook_secret: str = ""
    rate: float = 0.0
    latency: float = 0.0
    delivery_delay: float = 1.0
    slow_delay: float = 8.0
    seed: int = 1

    def check(self) -> None:
        """Raises Misconfigured for an address beyond this machine or a secret that cannot sign."""
        if self.host not in LOOPBACK:
            raise Misconfigured("The simulator serves this machine only: use 127.0.0.1.")
        if self.webhook_url and urlsplit(self.webhook_url).hostname not in LOOPBACK:
            raise Misconfigured("The simulator calls this machine only: the webhook address must be on 127.0.0.1.")
        if self.webhook_url and not self.webhook_secret:
            raise Misconfigured("Give --webhook-secret with --webhook-url, so that the events can be signed.")
