"""What happens to a text, by the last two digits of a number of the range kept for fiction (+1 xxx 555 01xx).

All other numbers, also outside that range, receive their text and stay silent until somebody answers on the handsets
page.
"""

import re
from dataclasses import dataclass

FICTION = re.compile(r"\+1[2-9][0-9]{2}55501([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Special:
    """One line of the table."""

    digits: str
    name: str
    meaning: str
    reply: str = ""


TABLE = {
    special.digits: special
    for special in (
        Special("90", "undelivered", "accepted, then the carrier does not deliver it"),
        Special("91", "slow", "accepted, but the answer takes several seconds"),
        Special("92", "error", "status 500; whether it was sent nobody can tell"),
        Special("93", "reset", "the connection breaks off after the request was read"),
        Special("94", "silent", "no answer at all until the caller gives up"),
        Special("95", "replies", "delivered, then the customer answers", "Yes, that works for me. Thank you!"),
        Special("96", "stops", "delivered, then the customer answers STOP", "STOP"),
        Special("97", "human", "delivered, then the customer asks for a human", "Can I talk to a human please?"),
        Special("98", "busy", "status 429 with Retry-After at the first try, accepted at the next"),
        Special("99", "refused", "status 400: the number cannot receive texts"),
    )
}


def special_for(number: str) -> Special | None:
    """The line for this number, or None: it is delivered."""
    match = FICTION.fullmatch(number)
    return TABLE.get(match[1]) if match else None
