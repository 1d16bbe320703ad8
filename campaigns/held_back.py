"""Who of a rehearsal gets nothing: by reason, what to do about it, and the people whom each number counts."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from campaigns.models import Campaign, Rehearsal, RehearsedText
from campaigns.summaries import Summary

Outcome = RehearsedText.Outcome
ADVICE = {
    Outcome.OPTED_OUT: "They asked not to be texted; there is nothing to do.",
    Outcome.AT_REST: "Decide first whether they meant stop; if they did not, rehearse again.",
    Outcome.CANNOT_RECEIVE: "Ask them for a mobile number.",
    Outcome.BLANK_VALUE: "Fill it in with the person, or give the merge tag a fallback in the message.",
    Outcome.TOO_LONG: "Shorten the message, or what is merged into it.",
    Outcome.MISSING_DETAIL: "Fill it in with the person, or give it a default in the trigger.",
    Outcome.WRONG_DETAIL: "Correct it with the person, or say in the draft that it comes from elsewhere.",
    Outcome.NO_HOUR: "Open them and set each person's time zone, or widen the send windows; then rehearse again.",
    Outcome.TOO_LATE: "Move the campaign's last minute (“not after”), or begin earlier.",
}


@dataclass(frozen=True, slots=True)
class Group:
    """People who share a reason, the list of them, and what can be done; with where to do it, if it is one page."""

    label: str
    count: int
    url: str
    advice: str
    place: str = ""
    place_url: str = ""


def groups(campaign: Campaign, snapshot: Rehearsal) -> list[Group]:
    """One for each reason, the commonest first."""
    counted = Summary.of(snapshot.summary).outcomes.most_common()
    return [_group(campaign, snapshot, Outcome(name), count) for name, count in counted if name != Outcome.WILL_SEND]


def people_url(snapshot: Rehearsal, **filters: str) -> str:
    """The list of the people of a rehearsal."""
    query = {"rehearsal__id__exact": snapshot.pk, **filters}
    return f"{reverse('admin:campaigns_rehearsedtext_changelist')}?{urlencode(query)}"


def _group(campaign: Campaign, snapshot: Rehearsal, outcome: Outcome, count: int) -> Group:
    url = people_url(snapshot, outcome__exact=outcome.value)
    place, address = "", ""
    match outcome:
        case Outcome.NO_HOUR:
            place, address = "Send windows", reverse("admin:campaigns_account_change", args=[campaign.agent.account_id])
        case Outcome.AT_REST:
            place, address = "Decide", reverse("admin:contacts_suppression_reviews")
    return Group(str(outcome.label), count, url, ADVICE[outcome], place, address)
