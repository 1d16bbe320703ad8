"""Characters that look alike and cost less: quotes, dashes and blanks as the GSM alphabet has them. Pure.

A merge tag keeps its meaning: in it only what Liquid could not read is mended, and words that are put in for people.
"""

import re
import unicodedata

from campaigns.composing.brackets import TAG
from campaigns.composing.templates import LONGEST_SOURCE
from campaigns.sms_parts import GSM7_BASIC, count_segments

# Unicode, "General Punctuation" (U+2000 to U+206F), and the look-alikes that Word and phones put in for those of a
# keyboard. What would change a word, an accent for instance, is not here.
ALIKE = {
    **dict.fromkeys("‘’‚‛′ʻʼ`´＇", "'"),
    **dict.fromkeys("“”„‟″〝〞＂", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
    ),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("\u2028\u2029\u0085", "\n"),
    **dict.fromkeys("•‣●◦", "-"),
    "…": "...",
    "⁄": "/",
}
_TABLE = str.maketrans(ALIKE)
_BLANKS = str.maketrans({old: new for old, new in ALIKE.items() if new in ("", " ", "\n")})
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'|“[^“”\"]*[”“]|‘[^‘’']*[’‘]|„[^„“”\"]*[“”]")
# After these a literal is written for people; elsewhere it is compared or looked for, and stays.
_PUT_IN = re.compile(r"(?:default|append|prepend)\s*:\s*$")
_JUST_BEFORE = 40  # characters in front of a literal that say what it is for


def repaired(source: str) -> str:
    """The template with cheaper characters; the same where there is nothing to gain, or nobody could use it anyway."""
    if len(source) > LONGEST_SOURCE:
        return source
    pieces = TAG.split(source)  # text and tags in turn
    better = "".join(_tag(piece) if index % 2 else _text(piece) for index, piece in enumerate(pieces))
    unreadable = any(_tag(piece) != piece for piece in pieces[1::2])
    dearer = count_segments(outside_tags(better)).parts > count_segments(outside_tags(source)).parts
    return source if dearer and not unreadable else better


def outside_tags(source: str) -> str:
    """What everybody reads: the message without its merge tags."""
    return TAG.sub("", source)


def _text(text: str) -> str:
    return _composed(text).translate(_TABLE)


def _composed(text: str) -> str:
    """With an accent that stands apart put on its letter, where the alphabet has that one."""
    if text.isascii():
        return text
    return "".join(
        one if one in GSM7_BASIC else _apart(one) for one in re.findall(r".[\u0300-\u036f]*", text, re.DOTALL)
    )


def _apart(one: str) -> str:
    whole = unicodedata.normalize("NFC", one)
    return whole if len(one) > 1 and whole in GSM7_BASIC else one


def _tag(tag: str) -> str:
    written, end = [], 0
    for found in _LITERAL.finditer(tag):
        written.append(tag[end : found.start()].translate(_BLANKS))
        before = tag[max(0, found.start() - _JUST_BEFORE) : found.start()].translate(_BLANKS)
        put_in = tag.startswith("{{") and _PUT_IN.search(before) is not None
        written.append(_literal(found[0], put_in=put_in))
        end = found.end()
    written.append(tag[end:].translate(_BLANKS))
    return "".join(written)


def _literal(literal: str, *, put_in: bool) -> str:
    content = literal[1:-1]
    better = _text(content) if put_in else content
    for mark in (literal[0], '"', "'"):
        if mark in "\"'" and mark not in better:
            return f"{mark}{better}{mark}"
    return literal
