"""Where merge tags begin and end, before Liquid looks: each is closed before the next begins. Pure.

Liquid reads an unclosed tag up to the end of the message, once for every tag that is not closed, and its words for it
are of no help to whoever forgot two braces.
"""

import re

# A tag up to its end; or, where another begins before that, or none ends, no match.
TAG = re.compile(r"(\{\{(?:(?!\{[{%]).)*?\}\}|\{%(?:(?!\{[{%]).)*?%\})", re.DOTALL)
_OPENS = re.compile(r"\{\{|\{%")
_CLOSES = {"{{": "}}", "{%": "%}"}
# Blanks in a row inside a tag. Liquid tries every one of them as the last.
_GAP = re.compile(r"\s{100}")
SHOWN = 30


def unclosed(source: str) -> str:
    """What is the matter with the braces, as a sentence; nothing where each tag is closed."""
    at = 0
    while (opens := _OPENS.search(source, at)) is not None:
        tag = TAG.match(source, opens.start())
        if tag is None:
            begins = source[opens.start() :].splitlines()[0][:SHOWN].rstrip()
            return f"The merge tag that begins with “{begins}” is not closed: write {_CLOSES[opens[0]]} at its end."
        if _GAP.search(tag[0]):
            return "There is a long gap inside a merge tag. Take the blanks out."
        at = tag.end()
    return ""
