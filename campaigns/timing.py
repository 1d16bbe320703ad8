"""When this person may be texted: the account's hours on the clocks of wherever they may be."""

from datetime import datetime

from campaigns.models import Account
from campaigns.windows import Window, next_window
from contacts.phones import time_zones


def window_for(now: datetime, phone: str, time_zone: str, account: Account) -> Window:
    """The next stretch in which the account's send window is open for this person.

    `time_zone` is the contact's own IANA zone or empty; then every zone that the number may stand for counts, and the
    strictest wins. Where those zones have no common hour (a toll-free number, say) the account's own zone decides.
    """
    zones = (time_zone,) if time_zone else time_zones(phone)
    window = next_window(now, zones, account.window_opens, account.window_closes)
    if window is None:
        window = next_window(now, (account.time_zone,), account.window_opens, account.window_closes)
    if window is None:  # the account's hours open before they close (a constraint), so a day always has some
        raise AssertionError("an account without an hour")
    return window
