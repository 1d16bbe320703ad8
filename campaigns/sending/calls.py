"""From a claim to the call: what travels, through which client, and what a fault of our own means."""

import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.signing import Signer

from campaigns.models.sends import reference_signer
from campaigns.sending.queue import Claimed
from revmo.client import InvalidCall, RevmoClient, StartSms
from revmo.outcomes import Outcome, Verdict

logger = logging.getLogger(__name__)

ClientFactory = Callable[[], RevmoClient]


def make(client: RevmoClient, claim: Claimed) -> Outcome:
    """Make the one call that the claim owes. Raises InvalidCall."""
    reference = _signer().sign(str(claim.id))
    metadata = claim.metadata
    if settings.REVMO_REFERENCE_KEY:
        metadata = {**metadata, settings.REVMO_REFERENCE_KEY: reference}
    call = StartSms(
        agent_id=claim.agent_id,
        to=claim.to,
        trigger=claim.trigger,
        metadata=metadata,
        override=claim.text,
        no_agent=claim.no_agent,
    )
    return client.start_sms(call, reference=reference)


def judge_our_own(problem: Exception) -> Outcome:
    """The verdict on a fault on our side of the wire."""
    if isinstance(problem, InvalidCall):
        return Outcome(Verdict.FAILED, "invalid_call", f"Not sent: {problem}")
    if isinstance(problem, ValueError):  # an address or a key that cannot be one: no call was begun
        return Outcome(Verdict.HALT, "settings", f"Nothing was sent. {problem} Check REVMO_API_URL and REVMO_API_KEY.")
    logger.error("A call ended in an error of ours.", exc_info=problem)
    detail = "We cannot tell whether this text was sent: our sender met an error. It is not sent again by itself."
    return Outcome(Verdict.UNKNOWN, "our_error", detail, counts_toward_brake=True)


def client_from_settings() -> RevmoClient:
    """A client for one thread. Raises ValueError for an address or key with which no call could be made."""
    return RevmoClient(
        settings.REVMO_API_URL,
        settings.REVMO_API_KEY or "simulator",
        connect_timeout=settings.REVMO_CONNECT_TIMEOUT,
        read_timeout=settings.REVMO_READ_TIMEOUT,
        total_deadline=settings.REVMO_TOTAL_DEADLINE,
    )


@cache
def _signer() -> Signer:
    """One for all threads: it reads the settings when it is made, and keeps no state."""
    return reference_signer()
