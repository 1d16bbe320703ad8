"""What to think of before a message goes out: warnings, not refusals, each with the click that mends it. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from campaigns.composing.repairing import outside_tags, repaired
from campaigns.composing.shorteners import shorteners_in
from campaigns.composing.templates import Compiled
from campaigns.sms_parts import count_segments

OPT_OUT = "Reply STOP to opt out."
# CTIA, "Messaging Principles and Best Practices" (2023), 5.1.2: opt-out instructions in words. A bare "stop" may be
# "stop by our office".
_OPT_OUT = re.compile(
    r"\bSTOP\b|\b(?:reply|text|send|txt|answer|responda|envíe)\W+(?:with\W+)?stop\b|\bstop\W+to\W+(?:end|quit|opt|cancel|unsub)"
    r"|\bunsubscribe\b|\bopt(?:ing)?[ -]?out\b|\b(?:responda|envíe)\W+(?:ALTO|PARAR)\b"
)
_OPT_OUT_ANY_CASE = re.compile(_OPT_OUT.pattern.removeprefix(r"\bSTOP\b|"), re.IGNORECASE)


class Repair(StrEnum):
    """What one click can do to a message."""

    CHARACTERS = "characters"
    OPT_OUT = "opt_out"
    NAME = "name"

    @property
    def label(self) -> str:
        """The words of the button."""
        return {
            Repair.CHARACTERS: "Replace them",
            Repair.OPT_OUT: f"Add “{OPT_OUT}”",
            Repair.NAME: "Begin with the name",
        }[self]


@dataclass(frozen=True, slots=True)
class Advice:
    """One warning in words, and what mends it."""

    words: str
    repair: Repair | None = None


def advice(source: str, compiled: Compiled, business_name: str, *, first_texts: bool) -> Iterator[Advice]:
    """What to think of in this message; `first_texts` where somebody would get their first text from the business."""
    yield from _characters(source)
    if not (_OPT_OUT.search(source) or _OPT_OUT_ANY_CASE.search(source)):
        yield Advice("It does not say how to opt out. Marketing texts must.", Repair.OPT_OUT)
    if first_texts and not _names(source, compiled, business_name):
        yield Advice(
            f"Some of them would get their first text from you, and it does not say “{business_name}”.", Repair.NAME
        )
    for host in shorteners_in(source):
        yield Advice(f"Carriers block many texts with {host}, because it hides where a link leads. Use the full link.")
    for tag in compiled.tags:
        if tag.fallback is not None and not tag.fallback.strip():
            yield Advice(f"The fallback of “{tag.name}” is empty: people without it would read a gap.")


def mended(source: str, repair: Repair) -> str:
    """The message after the click."""
    match repair:
        case Repair.CHARACTERS:
            return repaired(source)
        case Repair.OPT_OUT:
            return f"{source.rstrip()} {OPT_OUT}".lstrip()
        case Repair.NAME:
            return f"{{{{ business_name }}}}: {source.lstrip()}"


def _characters(source: str) -> Iterator[Advice]:
    counted = count_segments(outside_tags(source))
    if not counted.costly:
        return
    shown = " ".join(_shown(one) for one in counted.costly[:8]) + (" …" if len(counted.costly) > 8 else "")
    better = repaired(source)
    if better == source:
        yield Advice(f"{shown} leave room for 70 characters a part instead of 160, and have no cheaper form.")
    elif count_segments(outside_tags(better)).costly:
        yield Advice(
            f"{shown} leave room for 70 characters a part instead of 160; some have a cheaper form.", Repair.CHARACTERS
        )
    else:
        yield Advice(f"{shown} leave room for 70 characters a part instead of 160.", Repair.CHARACTERS)


def _names(source: str, compiled: Compiled, business_name: str) -> bool:
    return "business_name" in compiled.names or business_name.casefold() in source.casefold()


_NAMES = {"\u00a0": "non-breaking space", "\u202f": "narrow space", "\u200b": "invisible space", "\t": "tab"}


def _shown(character: str) -> str:
    if character in _NAMES:
        return f"({_NAMES[character]})"
    return character if character.isprintable() and not character.isspace() else f"(U+{ord(character):04X})"
