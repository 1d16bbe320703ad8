"""What happens to a text, by the last two digits of a number kept for fiction: +1, any area code, 555 01xx.

| ends in | name | what happens |
|---|---|---|
| 90 | undelivered | accepted, then the carrier does not deliver it |
| 91 | slow | accepted, but the answer takes several seconds |
| 92 | error | status 500; it was not sent, but the caller cannot know |
| 93 | reset | the connection breaks off after the request was read |
| 94 | silent | no answer until the caller gives up |
| 95 | replies | delivered, then the customer answers |
| 96 | stops | delivered, then the customer answers STOP |
| 97 | human | delivered, then the customer asks for a human |
| 98 | busy | status 429 with Retry-After at the first try, accepted at the next |
| 99 | refused | status 400: the number cannot receive texts |

All other numbers, also those outside that range, receive their text and stay silent until somebody answers on
the handsets page.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

FICTION = re.compile(r"\+1[2-9][0-9]{2}55501([0-9]{2})", re.ASCII)


class Name(StrEnum):
    """What the ten special numbers are called."""

    UNDELIVERED = "undelivered"
    SLOW = "slow"
    ERROR = "error"
    RESET = "reset"
    SILENT = "silent"
    REPLIES = "replies"
    STOPS = "stops"
    HUMAN = "human"
    BUSY = "busy"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Special:
    """One line of the table; `reply` is what the customer answers by themselves."""

    digits: str
    name: Name
    meaning: str
    reply: str = ""


TABLE = {
    special.digits: special
    for special in (
        Special("90", Name.UNDELIVERED, "accepted, then the carrier does not deliver it"),
        Special("91", Name.SLOW, "accepted, but the answer takes several seconds"),
        Special("92", Name.ERROR, "status 500; it was not sent, but the caller cannot know"),
        Special("93", Name.RESET, "the connection breaks off after the request was read"),
        Special("94", Name.SILENT, "no answer until the caller gives up"),
        Special("95", Name.REPLIES, "delivered, then the customer answers", "Yes, that works for me. Thank you!"),
        Special("96", Name.STOPS, "delivered, then the customer answers STOP", "STOP"),
        Special("97", Name.HUMAN, "delivered, then the customer asks for a human", "Can I talk to a human please?"),
        Special("98", Name.BUSY, "status 429 with Retry-After at the first try, accepted at the next"),
        Special("99", Name.REFUSED, "status 400: the number cannot receive texts"),
    )
}


def special_for(number: str) -> Special | None:
    """The line for this number, or None: it is delivered."""
    match = FICTION.fullmatch(number)
    return TABLE.get(match[1]) if match else None
