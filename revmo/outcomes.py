"""The outcome table: what one call came to. Pure, and the only place that decides.

Of our assumptions this is the gravest: Revmo documents no answer, so only what proves that nothing was sent may be
tried again, and only a well-formed yes counts as one. Everything else is unknown.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

MAX_BODY = 64 * 1024
MAX_EVIDENCE = 500
# Nobody waits longer for a Retry-After; beyond it our own backoff decides. Seconds.
MAX_RETRY_AFTER = 6 * 60 * 60
THREAD_ID_KEYS = ("thread_id", "threadId", "ThreadId", "external_id", "id")
HALTING = {401, 402, 403, 404}
UNCERTAIN = {408, 409, 425}


class Verdict(StrEnum):
    """What becomes of the text."""

    ACCEPTED = "accepted"
    RETRY = "retry"  # nothing was sent; try again later
    HALT = "halt"  # nothing was sent, and nothing will be until a person acts: the account pauses
    FAILED = "failed"  # Revmo refused this text for good
    UNKNOWN = "unknown"  # it may or may not have been sent


class Fault(StrEnum):
    """How a call ended without an answer."""

    DNS = "dns"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    READ_TIMEOUT = "read_timeout"
    RESET = "reset"
    REMOTE_CLOSE = "remote_close"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, header names in lower case; `cut`: broken off after the header, `oversized`: over 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    oversized: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict with what staff and the engine need. `retry_after` in seconds; `detail` is a sentence for staff."""

    verdict: Verdict
    reason: str
    detail: str = ""
    thread_id: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    slow_down: bool = False
    counts_toward_brake: bool = False
    evidence: str = ""


_NOTHING_LEFT = {
    Fault.DNS: "Revmo's address could not be looked up",
    Fault.REFUSED: "Revmo refused the connection",
    Fault.CONNECT_TIMEOUT: "Revmo could not be reached in time",
}
_AMBIGUOUS = {
    Fault.READ_TIMEOUT: "Revmo did not answer in time",
    Fault.RESET: "the connection broke off",
    Fault.REMOTE_CLOSE: "Revmo closed the connection without an answer",
    Fault.DEADLINE: "Revmo did not finish its answer in time",
}
_WHAT_TO_DO = {
    401: "Revmo does not accept the API key. Check REVMO_API_KEY, then let the account send again.",
    402: "Revmo asks for payment. Settle it with Revmo, then let the account send again.",
    403: "Revmo forbids texting for this key. Ask Revmo whether SMS is enabled for the account.",
    404: "Revmo does not know this address. Check REVMO_API_URL.",
}


def judge_fault(fault: Fault) -> Outcome:
    """The verdict on a call without an answer."""
    if fault is Fault.TLS:
        return Outcome(
            Verdict.HALT,
            "tls",
            "Nothing was sent: Revmo's certificate could not be verified. Check REVMO_API_URL and the clock here.",
        )
    if fault in _NOTHING_LEFT:
        return Outcome(Verdict.RETRY, fault.value, f"Not sent yet: {_NOTHING_LEFT[fault]}. It is tried again.")
    return _unknown(fault.value, _AMBIGUOUS[fault])


def judge(answer: Answer, now: datetime | None = None) -> Outcome:
    """The verdict on an answer; `now` (aware) is for a Retry-After that names a date."""
    status = answer.status
    if 200 <= status < 300:
        return _judge_success(answer)
    if status == 429:
        return Outcome(
            Verdict.RETRY,
            "http_429",
            "Not sent yet: Revmo asked us to slow down. It is tried again.",
            http_status=status,
            retry_after=retry_after(answer.headers.get("retry-after", ""), now or datetime.now(UTC)),
            slow_down=True,
        )
    if status in HALTING or (300 <= status < 400 and status != 303):
        advice = _WHAT_TO_DO.get(
            status,
            "Revmo sent us to another address, and we do not follow with the key. Check REVMO_API_URL.",
        )
        return Outcome(
            Verdict.HALT,
            f"http_{status}",
            f"Nothing was sent. {advice}",
            http_status=status,
            evidence=_evidence(answer),
        )
    if 400 <= status < 500 and status not in UNCERTAIN:
        said = _said(answer)
        detail = f"Revmo refused this text: {said}" if said else f"Revmo refused this text (status {status})."
        return Outcome(Verdict.FAILED, f"http_{status}", detail, http_status=status, evidence=_evidence(answer))
    return _unknown(f"http_{status}", f"Revmo answered with status {status}", answer)


def _judge_success(answer: Answer) -> Outcome:
    if answer.cut:
        return Outcome(Verdict.ACCEPTED, "accepted_cut", http_status=answer.status)
    if answer.oversized:
        return _unknown("too_long", "Revmo's answer was far too long to be one", answer)
    value = _object(answer.body)
    if value is None:
        return _unknown("not_json", "Revmo's answer was not what we expect", answer)
    result = value.get("result")
    if result is not None and not (isinstance(result, str) and result.strip().lower() == "ok"):
        return _unknown("other_result", f"Revmo answered “{str(result)[:100]}”", answer)
    return Outcome(Verdict.ACCEPTED, "accepted", thread_id=_thread_id(value), http_status=answer.status)


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds that a Retry-After asks for (RFC 9110 §10.2.3: a number or a date); None for nonsense and the past."""
    try:
        seconds = float(text) if text.strip().isdigit() else (parsedate_to_datetime(text) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds <= 0 or seconds > MAX_RETRY_AFTER:
        return None
    return seconds


def _unknown(reason: str, what: str, answer: Answer | None = None) -> Outcome:
    return Outcome(
        Verdict.UNKNOWN,
        reason,
        f"We cannot tell whether this text was sent: {what}. It is not sent again by itself.",
        http_status=answer.status if answer else None,
        counts_toward_brake=True,
        evidence=_evidence(answer) if answer else "",
    )


def _object(body: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _thread_id(value: Mapping[str, object]) -> str:
    for key in THREAD_ID_KEYS:
        found = value.get(key)
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()[:200]
    return ""


def _said(answer: Answer) -> str:
    value = _object(answer.body) or {}
    said = next((value[key] for key in ("error", "message", "detail") if isinstance(value.get(key), str)), "")
    return str(said)[:300]


def _evidence(answer: Answer) -> str:
    return answer.body[:MAX_EVIDENCE].decode("utf-8", "replace")
