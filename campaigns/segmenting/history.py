"""Conditions on what was sent to a contact and what came back, in this process's mode alone (promise 7)."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models.modes import Mode
from campaigns.models.sends import Send

# What has left, or may have: whoever was perhaps texted counts as texted.
GONE = (Send.State.POSTING, Send.State.ACCEPTED, Send.State.UNKNOWN)


def texted_since(instant: datetime | None) -> Q:
    """Had a text since then, or may have; ever, without an instant. A test that went to somebody's phone is none.

    Live texts are noted at the contact once they have left. Those that are leaving right now are in a worker's hand.
    """
    if Mode.current() == Mode.LIVE:
        noted = Q(last_texted_at__gte=instant) if instant else Q(last_texted_at__isnull=False)
        leaving = _sends().filter(Send.in_states(Send.State.POSTING))
        return (Q(last_texted_at__isnull=False) & noted) | Q(Exists(leaving))
    since = {"posted_at__gte": instant} if instant else {}
    return Q(Exists(_sends().filter(state__in=GONE, **since)))


def waiting() -> Q:
    """A text to them waits to be sent: of a campaign that is under way or paused, or a reply."""
    return Q(Exists(_sends().filter(state__in=Send.UNSENT)))


# A campaign's texts are all of the campaign's mode, so the two below name no mode: the index of replies then answers by
# itself. Whoever asks sees to it that the campaign is of this mode.


def got(campaign: int) -> Q:
    """The campaign's text was sent to them, or may have been."""
    return Q(Exists(_texts_of(campaign).filter(Send.in_states(*GONE))))


def replied(campaign: int) -> Q:
    """Replied to the campaign's text."""
    return Q(Exists(_texts_of(campaign).filter(replied_at__isnull=False)))


def _sends() -> QuerySet[Send]:
    ours = Send.objects.filter(contact=OuterRef("pk"), mode=Mode.current())
    return ours.exclude(kind=Send.Kind.TEST).order_by()


def _texts_of(campaign: int) -> QuerySet[Send]:
    return Send.objects.filter(contact=OuterRef("pk"), campaign=campaign).order_by()
