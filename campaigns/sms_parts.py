"""How many parts a text is charged as. Pure.

Source: 3GPP TS 23.038 (the GSM 7-bit default alphabet and its extension) and TS 23.040 (the header of joined parts).
"""

from dataclasses import dataclass

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each costs an escape in front of it.
GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")
_PLAIN_ASCII = "".join(sorted(c for c in GSM7_BASIC if c.isascii())).encode("ascii")
GSM7_SINGLE, GSM7_JOINED = 160, 153
UCS2_SINGLE, UCS2_JOINED = 70, 67


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: its alphabet, its length in that alphabet's units, its parts, and the characters to blame."""

    alphabet: str
    units: int
    parts: int
    costly: tuple[str, ...]


def count_segments(text: str) -> Segments:
    """Count the parts of `text`; `costly` names the characters that force the short alphabet, in order, once each."""
    if text.isascii() and not text.encode("ascii").translate(None, _PLAIN_ASCII):  # most texts
        return Segments("GSM-7", len(text), _equal_parts(len(text), GSM7_SINGLE, GSM7_JOINED), ())
    costly = tuple(dict.fromkeys(c for c in text if c not in GSM7_BASIC and c not in GSM7_EXTENSION))
    if costly:
        units = [2 if ord(c) > 0xFFFF else 1 for c in text]
        return Segments("UCS-2", sum(units), _parts(units, UCS2_SINGLE, UCS2_JOINED), costly)
    units = [2 if c in GSM7_EXTENSION else 1 for c in text]
    return Segments("GSM-7", sum(units), _parts(units, GSM7_SINGLE, GSM7_JOINED), ())


def _equal_parts(units: int, single: int, joined: int) -> int:
    return 1 if units <= single else -(-units // joined)


def _parts(units: list[int], single: int, joined: int) -> int:
    if 2 not in units or sum(units) <= single:
        return _equal_parts(sum(units), single, joined)
    parts, room = 1, joined
    for unit in units:
        if unit > room:  # a pair is never cut in two
            parts, room = parts + 1, joined
        room -= unit
    return parts
