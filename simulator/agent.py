"""What the simulated agent says, from the trigger and the metadata. The same words in, the same words out."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

STOP_WORDS = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
START_WORDS = {"start", "unstop"}
HUMAN = re.compile(r"\b(human|person|someone|somebody|representative|real agent)\b", re.IGNORECASE)
OTHER_TIME = re.compile(r"\b(no|not|can't|cannot|reschedule|change|later|another)\b")
AGREED = re.compile(r"\b(yes|works|ok|okay|confirm|confirmed|sure)\b")
NAME_KEYS = ("first_name", "customer_name", "name")
TIME_KEY = "appointment_time"
# A reference of the caller's system in the metadata is not for the customer's eyes.
REFERENCE = re.compile(r"(?=.*[0-9])[0-9a-fA-F-]{12,}|[0-9]{5,}")


def is_stop(text: str) -> bool:
    """A STOP word and nothing else, as carriers take it."""
    return re.sub(r"[^a-z]", "", text.lower()) in STOP_WORDS


def is_start(text: str) -> bool:
    """A START word and nothing else."""
    return re.sub(r"[^a-z]", "", text.lower()) in START_WORDS


def wants_human(text: str) -> bool:
    """Does the customer ask for somebody?"""
    return bool(HUMAN.search(text))


def opening(trigger: str, metadata: Mapping[str, Any]) -> str:
    """The first text where the caller gave none."""
    hello = f"Hi {_name(metadata)}," if _name(metadata) else "Hello,"
    if "appointment" in trigger.lower():
        when = _moment(metadata)
        on = f" on {when}" if when else ""
        return f"{hello} this is a reminder of your appointment{on}. Does that still work for you?"
    return f"{hello} this is about {_subject(trigger)}. {_facts(metadata)}How can I help?"


def answer(text: str, trigger: str, metadata: Mapping[str, Any]) -> str:
    """The agent's answer to a customer."""
    words = text.lower().replace("’", "'")
    if OTHER_TIME.search(words):
        return "No problem. Which day and time would suit you better?"
    if AGREED.search(words):
        when = _moment(metadata)
        return f"Wonderful, you are confirmed for {when}." if when else "Wonderful, you are confirmed. Thank you!"
    if re.search(r"\b(when|time|date|day)\b", words) and _moment(metadata):
        return f"Your appointment is on {_moment(metadata)}."
    asked = {key: value for key, value in metadata.items() if _mentions(words, key)}
    return f"Thanks for asking about {_subject(trigger)}. {_facts(asked or metadata)}Is there anything else?"


def _name(metadata: Mapping[str, Any]) -> str:
    return next((str(metadata[key]) for key in NAME_KEYS if metadata.get(key)), "")


def _subject(trigger: str) -> str:
    return trigger.replace("_", " ").strip() or "your message"


def _moment(metadata: Mapping[str, Any]) -> str:
    """The appointment as people write it; what is no ISO time stays as it came."""
    given = str(metadata.get(TIME_KEY, "")).strip()
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return given
    return f"{at:%A, %B} {at.day} at {at:%H:%M}"


def _mentions(words: str, key: str) -> bool:
    return any(part in words for part in key.lower().split("_") if len(part) > 3)


def _facts(metadata: Mapping[str, Any]) -> str:
    """What the agent was told, in a sentence."""
    told = {key: str(value) for key, value in metadata.items() if isinstance(value, str | int | float)}
    known = [
        f"{key.replace('_', ' ')}: {value}"
        for key, value in told.items()
        if value and key not in NAME_KEYS and not REFERENCE.fullmatch(value)
    ]
    return f"I see {', '.join(known)}. " if known else ""
