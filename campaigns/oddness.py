"""Texts worth a look: what makes a rendered text unlike what somebody meant to send. Pure."""

import re
from itertools import pairwise

from campaigns.sms_parts import GSM7_BASIC, GSM7_EXTENSION

VERY_SHORT = 15  # characters
SHOUTING = 12  # letters, all of them capitals
# What each sign says, and how much it weighs; the heaviest texts are shown first.
_SIGNS: tuple[tuple[int, str, re.Pattern[str]], ...] = (
    (5, "braces of a merge tag are left over", re.compile(r"\{\{|\}\}|\{%|%\}")),
    (5, "letters were damaged on the way", re.compile("\ufffd|Ã[\u0080-\u00bf]|â€|Â[\u00a0-\u00bf]")),
    (
        4,
        "it says nothing where a value should be",
        re.compile(r"\b(?:None|null|nan|NaN|undefined|N/A|n/a|TBD)\b|#REF!"),
    ),
    (
        3,
        "something is missing before a comma or a full stop",
        re.compile(r" [,.!?;:](?:\s|$)|\b(?:Hi|Hello|Dear)[,!]"),
    ),
    (2, "there are two spaces in a row", re.compile(r"\S {2,}\S")),
    (2, "a word is doubled", re.compile(r"\b([A-Za-z]{2,}) \1\b", re.IGNORECASE)),
    (2, "marks are doubled", re.compile(r",,|\?\?|;;|(?<!\.)\.\.(?!\.)")),
    (1, "it ends without a mark", re.compile(r"[^\W_](?<!STOP)$")),
)
# Most texts show none of it; these few looks tell, at a tenth of what the patterns cost.
_HINTS = (
    "{{", "}}", "{%", "%}", "\ufffd", "Ã", "â€", "Â", "None", "null", "nan", "NaN", "undefined", "/A", "/a", "TBD",
    " ,", " .", " !", " ?", " ;", " :", "Hi,", "Hi!", "Hello,", "Hello!", "Dear,", "Dear!", "  ",
    ",,", "??", ";;", "..",
)  # fmt: skip
_LINK = re.compile(r".[./].")
_KNOWN = GSM7_BASIC | GSM7_EXTENSION


def oddness(text: str) -> tuple[int, list[str]]:
    """How odd, and why, in words; (0, []) for a text with nothing to see."""
    found: list[tuple[int, str]] = []
    if _has_a_hint(text):
        found = [(weight, words) for weight, words, pattern in _SIGNS if pattern.search(text)]
        # The last word alone: a pattern that looks for it in a long row of dots has seconds of work.
        if _LINK.search("".join(text.split()[-1:])):
            found = [sign for sign in found if sign[1] != "it ends without a mark"]
    if not text.isascii() and (unusual := [letter for letter in dict.fromkeys(text) if letter not in _KNOWN]):
        found.append((2, f"unusual characters: {' '.join(unusual[:5])}"))
    if len(text) < VERY_SHORT:
        found.append((2, "it is very short"))
    if text.isupper() and sum(letter.isalpha() for letter in text) >= SHOUTING:
        found.append((2, "it is all capitals"))
    return sum(weight for weight, _ in found), [words for _, words in sorted(found, reverse=True)]


def _has_a_hint(text: str) -> bool:
    if any(hint in text for hint in _HINTS) or text[-1:].isalnum():
        return True
    words = text.lower().split()
    return any(word == following for word, following in pairwise(words))
