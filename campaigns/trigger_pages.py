"""What the page of a trigger shows of the texts that began with it."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from campaigns.models import Campaign, Mode, Send, Trigger
from campaigns.progress import by_state

# Campaigns whose texts are counted: the last ones, so that the page does not count years.
LAST = 10


@dataclass(frozen=True, slots=True)
class Result:
    """One outcome, how often, and the list that it opens."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Results:
    """The last campaigns of a trigger, and the tests."""

    campaigns: list[Campaign]
    outcomes: list[Result]
    tests: Result


def results(trigger: Trigger) -> Results:
    """Counts of this mode, by outcome; every number opens the list that it counts."""
    mode = Mode.current()
    campaigns = list(trigger.campaigns.filter(mode=mode).order_by("-launched_at")[:LAST])
    tests = Send.objects.filter(campaign=None, kind=Send.Kind.TEST, trigger=trigger.phrase, mode=mode)
    list_of_tests = _history(mode, trigger=trigger.phrase, kind__exact="test")
    return Results(campaigns, _outcomes(campaigns, mode), Result("Tests", tests.count(), list_of_tests))


def _outcomes(campaigns: list[Campaign], mode: Mode) -> list[Result]:
    of_them = Send.objects.filter(campaign__in=campaigns)
    shown = ",".join(str(campaign.pk) for campaign in campaigns)
    found = Counter[str]()
    for state, count in by_state(of_them):
        found[state] += count
    listed = [
        Result(str(Send.State(state).label), count, _history(mode, campaign__id__in=shown, state__exact=state))
        for state in Send.State.values
        if (count := found[state])
    ]
    replied = of_them.filter(replied_at__isnull=False).count()
    if replied:
        listed.append(Result("Replied", replied, _history(mode, campaign__id__in=shown, replied_at__isempty="0")))
    return listed


def _history(mode: Mode, **narrowed: str) -> str:
    return f"{reverse('admin:campaigns_send_changelist')}?{urlencode({'mode': mode.value, **narrowed})}"
