"""What the page of a rehearsal shows, computed once for a request."""

import json
from datetime import datetime, timedelta
from typing import Any

from campaigns import approving, held_back, launch_wording, rehearsal
from campaigns.hours_wording import moment
from campaigns.models import Campaign, Rehearsal, RehearsedText
from campaigns.pages import Bubble, Part, bubble_of, duration
from campaigns.summaries import HOUR, Summary

Outcome, Status = RehearsedText.Outcome, Rehearsal.Status
# Bars of a chart that one can still tell apart, and how wide each may be (pixels).
MOST_HOURS, BAR = 72, 40


def shown(campaign: Campaign, snapshot: Rehearsal, person: Any) -> dict[str, Any]:
    """All of it; while it is being made, how far it is."""
    if snapshot.status == Status.WORKING:
        return {"snapshot": snapshot, "progress": progress(snapshot)}
    summary = Summary.of(snapshot.summary)
    ahead = launch_wording.outlook(campaign, summary)
    reasons = rehearsal.changed(campaign, snapshot)
    due = approving.is_due(campaign, snapshot)
    holds = rehearsal.holds_until(campaign, snapshot)
    return {
        "snapshot": snapshot,
        "changes": reasons,
        "sentence": launch_wording.sentence(campaign, snapshot, ahead),
        "ahead": ahead,
        "takes": duration(ahead.takes.total_seconds()) if ahead and ahead.takes is not None else "",
        "cost": launch_wording.cost(campaign, snapshot),
        "bar": _bar(snapshot, summary),
        "held_back": held_back.groups(campaign, snapshot),
        "holds_until": holds and moment(holds, campaign.agent.account),
        "everybody": held_back.people_url(snapshot),
        "chart": _chart(summary),
        "common_signs": summary.common_signs(),
        "samples": _samples(snapshot, summary),
        "stands": snapshot.status == Status.DONE and not reasons,
        "approval_due": due,
        "is_author": approving.is_author(snapshot, person),
        "type_count": snapshot.will_send > campaign.agent.account.count_typed_above,
    }


def progress(snapshot: Rehearsal) -> dict[str, Any]:
    """How far, how fast, and how long still."""
    seconds = (snapshot.touched_at - snapshot.created_at).total_seconds()
    rate = snapshot.done / seconds if seconds > 0 and snapshot.done else 0
    return {
        "done": snapshot.done,
        "total": snapshot.total,
        "percent": min(100, round(100 * snapshot.done / snapshot.total)) if snapshot.total else 0,
        "rate": round(rate),
        "left": duration(max(0, snapshot.total - snapshot.done) / rate) if rate else "",
    }


def _bar(snapshot: Rehearsal, summary: Summary) -> list[Part]:
    total = snapshot.done or 1
    held = sorted(((name, count) for name, count in summary.outcomes.items() if name != Outcome.WILL_SEND))
    rows = [(Outcome.WILL_SEND.value, snapshot.will_send), *held]
    return [
        Part(
            str(Outcome(name).label),
            count,
            100 * count / total,
            "good" if name == Outcome.WILL_SEND else "rest",
            held_back.people_url(snapshot, outcome__exact=name),
        )
        for name, count in rows
    ]


def _chart(summary: Summary) -> str:
    """How many texts are due in each hour of people's own clocks, as Chart.js takes it; none for a single hour."""
    if len(summary.hours) < 2:
        return ""
    first, last = (datetime.strptime(hour, HOUR) for hour in (min(summary.hours), max(summary.hours)))
    spread = (last - first) // timedelta(hours=1) + 1
    hours = [first + timedelta(hours=offset) for offset in range(spread)] if spread <= MOST_HOURS else []
    keys = [hour.strftime(HOUR) for hour in hours] or sorted(summary.hours)
    several_days = first.date() != last.date()
    labels = [_label(datetime.strptime(key, HOUR), several_days) for key in keys]
    bars = {
        "label": "Texts due, their time",
        "data": [summary.hours[key] for key in keys],
        "backgroundColor": "var(--color-primary-600)",
        "maxBarThickness": BAR,
        "borderRadius": 4,
    }
    return json.dumps({"labels": labels, "datasets": [bars]})


def _label(hour: datetime, several_days: bool) -> str:
    at = f"{(hour.hour + 11) % 12 + 1} {'AM' if hour.hour < 12 else 'PM'}"
    return f"{hour:%a} {at}" if several_days else at


def _samples(snapshot: Rehearsal, summary: Summary) -> list[tuple[str, list[tuple[Bubble, str]]]]:
    """The texts to look at, under their headings; each with what is odd about it."""
    common = set(summary.common_signs())
    odd = [
        (phone, "; ".join(sign for sign in why.split("; ") if sign not in common)) for _, phone, why in summary.oddest
    ]
    chosen = {
        "Worth a look": [(phone, "; ".join(signs)) for phone, signs in odd if signs],
        "Ten at random": [(phone, "") for _, phone in summary.random],
        "The longest": [(phone, "") for _, phone in summary.longest],
    }
    phones = {phone for pairs in chosen.values() for phone, _ in pairs}
    texts = {text.phone: text for text in snapshot.texts.filter(phone__in=phones).select_related("contact")}
    return [
        (heading, [(bubble_of(texts[phone]), why) for phone, why in pairs if phone in texts])
        for heading, pairs in chosen.items()
        if pairs
    ]
