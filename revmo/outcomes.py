"""The outcome table: what one call came to. Pure, and the only place that decides.

Of our assumptions this is the gravest: Revmo documents no answer, so only what proves that nothing was sent may be
tried again, and only a well-formed yes counts as one. Everything else is unknown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from revmo.foreign import identifier, json_object, storable

MAX_BODY = 64 * 1024
MAX_EVIDENCE = 500
MAX_SAID = 300
# The longest that a Retry-After is obeyed, the default of urllib3. Seconds.
MAX_RETRY_AFTER = 6 * 60 * 60.0
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
    """How a call ended without an answer, or an answer before its end."""

    DNS = "dns"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    READ_TIMEOUT = "read_timeout"
    RESET = "reset"
    REMOTE_CLOSE = "remote_close"
    NOT_HTTP = "not_http"
    DEADLINE = "deadline"
    WORKER_DEATH = "worker_death"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, header names in lower case.

    `broken`: the fault that ended its body too early; `oversized`: the body is over MAX_BODY and stands here cut.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    broken: Fault | None = None
    oversized: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict with what staff and the engine need.

    `reason` is a short stable code, `detail` a sentence for staff, `evidence` the beginning of what Revmo said without
    the API key; all can be stored as they are. `retry_after` in seconds. `slow_down`: the account should send more
    slowly. `counts_toward_brake`: too many of these pause it. `opted_out`: Revmo says that this person wants no texts.
    """

    verdict: Verdict
    reason: str
    detail: str = ""
    thread_id: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    slow_down: bool = False
    counts_toward_brake: bool = False
    evidence: str = ""
    opted_out: bool = False


_NOTHING_LEFT = {
    Fault.DNS: "Revmo's address could not be looked up",
    Fault.REFUSED: "no connection to Revmo could be made",
    Fault.CONNECT_TIMEOUT: "Revmo could not be reached in time",
}
_AMBIGUOUS = {
    Fault.READ_TIMEOUT: "Revmo did not answer in time",
    Fault.RESET: "the connection broke off",
    Fault.REMOTE_CLOSE: "Revmo closed the connection without an answer",
    Fault.NOT_HTTP: "what came back was not an answer of a web server",
    Fault.DEADLINE: "Revmo did not finish its answer in time",
    Fault.WORKER_DEATH: "the sending program stopped in the middle of the call",
}
# A body that ends so was cut; one that stalls may still be about to say no.
_CUT = {Fault.RESET, Fault.REMOTE_CLOSE}
# How gateways say that a person has opted out; 21610 is the code for it that the trade knows best. Not the mere word
# "opt-out": a refusal may as well ask for opt-out instructions, and that must not opt anybody out.
_OPTED_OUT = re.compile(
    r"(?<![a-z])opted[ _-]?out|\bunsubscribed\b|\b21610\b|\b(?:sent|replied|texted)(?: with)? stop\b"
    r"|^\s*opt[ _-]?out\s*$",
    re.IGNORECASE,
)
_REDIRECTED = "Revmo sent us to another address, and we do not follow with the key. Check REVMO_API_URL."
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
            fault.value,
            "Nothing was sent: no secure connection to Revmo could be made, or its certificate could not be verified. "
            "Check REVMO_API_URL and this machine's clock, then let the account send again.",
        )
    if fault in _NOTHING_LEFT:
        return Outcome(Verdict.RETRY, fault.value, f"Not sent yet: {_NOTHING_LEFT[fault]}. It is tried again.")
    return _unknown(fault.value, _AMBIGUOUS[fault])


def judge(answer: Answer, *, now: datetime | None = None, secret: str = "") -> Outcome:
    """The verdict on an answer.

    `now` (aware) is for a Retry-After that names a date. `secret`, the API key, is kept out of what is quoted.
    """
    status = answer.status
    if 200 <= status < 300:
        return _judge_success(answer, secret)
    if status == 429:
        return Outcome(
            Verdict.RETRY,
            _code(answer),
            "Not sent yet: Revmo asked us to slow down. It is tried again.",
            http_status=status,
            retry_after=retry_after(answer.headers.get("retry-after", ""), now or datetime.now(UTC)),
            slow_down=True,
            evidence=_evidence(answer, secret),
        )
    if status in HALTING or (300 <= status < 400 and status != 303):
        return Outcome(
            Verdict.HALT,
            _code(answer),
            f"Nothing was sent. {_WHAT_TO_DO.get(status, _REDIRECTED)}",
            http_status=status,
            evidence=_evidence(answer, secret),
        )
    if 400 <= status < 500 and status not in UNCERTAIN:
        said = _said(answer, secret)
        detail = f"Revmo refused this text: {said}" if said else f"Revmo refused this text (status {status})."
        return Outcome(
            Verdict.FAILED,
            _code(answer),
            detail,
            http_status=status,
            evidence=_evidence(answer, secret),
            opted_out=_says_opted_out(answer),
        )
    return _unknown(_code(answer), f"Revmo answered with status {status}", answer, secret)


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds that a Retry-After asks for (RFC 9110 §10.2.3: a number or a date), at most MAX_RETRY_AFTER.

    None for nonsense, nothing and the past: then our own backoff decides.
    """
    trimmed = text.strip()
    try:
        if trimmed.isascii() and trimmed.isdigit():
            seconds = float(trimmed)
        else:
            date = parsedate_to_datetime(trimmed)
            seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, MAX_RETRY_AFTER) if seconds > 0 else None


def _judge_success(answer: Answer, secret: str) -> Outcome:
    if answer.broken in _CUT:
        return Outcome(Verdict.ACCEPTED, "accepted_cut", http_status=answer.status)
    if answer.broken is not None:
        return _unknown(answer.broken.value, _AMBIGUOUS[answer.broken], answer, secret)
    if answer.oversized:
        return _unknown("too_long", "Revmo's answer was far too long to be one", answer, secret)
    value = json_object(answer.body)
    if value is None:
        return _unknown("not_json", "Revmo's answer was not what we expect", answer, secret)
    result = value.get("result", "ok")
    if not isinstance(result, str) or result.strip().lower() != "ok":
        shown = storable(_redacted(result, secret), 100) if isinstance(result, str) else "no text as its result"
        return _unknown("other_result", f"Revmo answered “{shown}”", answer, secret)
    thread_id = next((found for key in THREAD_ID_KEYS if (found := identifier(value.get(key)))), "")
    return Outcome(Verdict.ACCEPTED, "accepted", thread_id=thread_id, http_status=answer.status)


def _unknown(reason: str, what: str, answer: Answer | None = None, secret: str = "") -> Outcome:
    return Outcome(
        Verdict.UNKNOWN,
        reason,
        f"We cannot tell whether this text was sent: {what}. It is not sent again by itself.",
        http_status=answer.status if answer else None,
        counts_toward_brake=True,
        evidence=_evidence(answer, secret) if answer else "",
        # A word about the person counts, whatever became of the text: an opt-out too many hurts nobody.
        opted_out=answer is not None and answer.status < 500 and _says_opted_out(answer),
    )


def _says_opted_out(answer: Answer) -> bool:
    """Does a well-formed refusal speak of an opt-out? Looked for in its values, not in the names of its fields."""
    said = list((json_object(answer.body) or {}).values())
    said += [deeper for one in said if isinstance(one, dict) for deeper in one.values()]
    return any(_OPTED_OUT.search(str(one)) for one in said if isinstance(one, str | int))


def _code(answer: Answer) -> str:
    return f"http_{answer.status}"


def _said(answer: Answer, secret: str) -> str:
    """The sentence in a refusal, if it has one under a usual name."""
    value = json_object(answer.body) or {}
    said = (value.get(key) for key in ("error", "message", "detail"))
    text = next((one for one in said if isinstance(one, str)), "")
    return storable(_redacted(text, secret), MAX_SAID)


def _evidence(answer: Answer, secret: str) -> str:
    return storable(_redacted(answer.body.decode("utf-8", "replace"), secret), MAX_EVIDENCE)


def _redacted(text: str, secret: str) -> str:
    return text.replace(secret, "[API key]") if secret else text
