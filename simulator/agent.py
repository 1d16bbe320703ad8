"""What the simulated agent says. Deterministic: the same thread and words, the same answer."""

import re
from collections.abc import Mapping
from typing import Any

STOP_WORDS = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
START_WORDS = {"start", "unstop", "yes start"}
HUMAN = re.compile(r"\b(human|person|someone|representative|real agent)\b", re.IGNORECASE)
HIDDEN = re.compile(r"^rc_")


def is_stop(text: str) -> bool:
    """An exact STOP word, as carriers take it."""
    return re.sub(r"[^a-z]", "", text.lower()) in STOP_WORDS


def is_start(text: str) -> bool:
    """An exact START word."""
    return re.sub(r"[^a-z ]", "", text.lower()).strip() in START_WORDS


def wants_human(text: str) -> bool:
    """Does the customer ask for somebody?"""
    return bool(HUMAN.search(text))


def opening(trigger: str, metadata: Mapping[str, Any]) -> str:
    """The first text where the caller gave none."""
    name = metadata.get("customer_name") or metadata.get("first_name") or "there"
    if "appointment" in trigger:
        when = metadata.get("appointment_time", "soon")
        return f"Hi {name}, a reminder of your appointment: {when}. Does that still work for you?"
    about = trigger.replace("_", " ") or "your request"
    return f"Hi {name}, this is about {about}. {facts(metadata)}How can I help?"


def answer(text: str, trigger: str, metadata: Mapping[str, Any]) -> str:
    """The agent's answer to a customer."""
    words = text.lower()
    if re.search(r"\b(yes|works|ok|okay|confirm|sure)\b", words):
        return "Wonderful, you are confirmed. See you then!"
    if re.search(r"\b(no|reschedule|change|later|another)\b", words):
        return "No problem. Which day and time would suit you better?"
    if re.search(r"\b(when|time|date)\b", words) and metadata.get("appointment_time"):
        return f"Your appointment is at {metadata['appointment_time']}."
    about = trigger.replace("_", " ") or "your message"
    return f"Thanks for asking about {about}. {facts(metadata)}Is there anything else?"


def facts(metadata: Mapping[str, Any]) -> str:
    """What the agent was told, in a sentence."""
    known = [f"{key.replace('_', ' ')}: {value}" for key, value in metadata.items() if not HIDDEN.match(key)]
    return f"I see {', '.join(known)}. " if known else ""
