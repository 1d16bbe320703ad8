"""All that decides a campaign's texts, under names, so that one can say what changed since a rehearsal."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from campaigns import law
from campaigns.audience import audience
from campaigns.contracts import facts_of
from campaigns.models import Campaign

# What staff read when a fact is another one now; in the order in which they are told.
CHANGES = {
    "message": "The message was changed.",
    "agent": "Another agent was chosen, or its id changed.",
    "agent_enabled": "Whether the agent answers replies was changed.",
    "trigger": "The trigger was changed.",
    "contract": "What the trigger's agent needs to know was changed.",
    "metadata": "What the agent is told was changed.",
    "when": "The campaign's times were changed.",
    "any_hour": "Whether it may text at any hour was changed.",
    "windows": "The account's send windows were changed.",
    "law": "The quiet hours of the law on file were changed.",
    "account": "The account's name, time zone or country was changed.",
    "details": "Details of some people were changed.",
}

# Told, but nothing new by itself: whoever rests is held back like whoever opted out, also once that is decided.
_ONLY_TOLD = ("at_rest",)
_PEOPLE = """
SELECT count(*), coalesce(sum(hashtextextended(id::text, 0)), 0)::text,
    coalesce(sum(hashtextextended(id::text || updated_at::text, 0)), 0)::text,
    count(*) FILTER (WHERE opted_out), coalesce(sum(hashtextextended(id::text, 0)) FILTER (WHERE opted_out), 0)::text,
    count(*) FILTER (WHERE at_rest)
FROM ({query}) AS person
"""


def facts(campaign: Campaign, at: datetime) -> dict[str, Any]:
    """As they are now, the audience asked as of `at`; JSON. Raises QuestionProblem where a segment cannot be asked."""
    account = campaign.agent.account
    return {
        "message": campaign.message,
        "agent": campaign.agent.agent_id,
        "agent_enabled": campaign.agent_enabled,
        "trigger": campaign.trigger.phrase if campaign.trigger else "",
        "contract": facts_of(campaign.trigger),
        "metadata": campaign.metadata,
        "when": [
            _instant(campaign.scheduled_at),
            campaign.each_own_clock,
            campaign.spread_minutes,
            _instant(campaign.expires_at),
        ],
        "any_hour": campaign.any_hour,
        "windows": [str(window) for window in account.windows.all()],
        "law": law.digest(),
        "account": [account.name, account.time_zone, account.region],
        **_people(campaign, at),
    }


def fingerprint(found: Mapping[str, Any]) -> str:
    """A hash of facts."""
    deciding = {name: fact for name, fact in found.items() if name not in _ONLY_TOLD}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is different, in sentences; empty where nothing is."""
    return [*_people_changed(then, now), *(words for name, words in CHANGES.items() if then.get(name) != now[name])]


def _people_changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = then.get("people", [0, ""]), now["people"]
    if before[0] != after[0]:
        yield f"The audience has {after[0]:,} people now; it had {before[0]:,}."
    elif before != after:
        yield f"Other people are in the audience; it still has {after[0]:,}."
    if then.get("opt_outs") != now["opt_outs"]:
        yield from _opt_outs_changed(then, now)


def _opt_outs_changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Those in doubt are told apart from the others."""
    doubtful = now["at_rest"] - then.get("at_rest", 0)
    more = now["opt_outs"][0] - then.get("opt_outs", [0])[0]
    certain = more - doubtful
    if certain > 0:
        yield f"{certain:,} more of them {'have' if certain > 1 else 'has'} opted out."
    if doubtful > 0:
        yield f"{doubtful:,} more of them may have meant stop; their texts rest until somebody decides."
    if more < 0:
        yield f"{-more:,} of them may be texted again."
    elif certain <= 0 and doubtful <= 0:
        yield "The opt-outs among them are others now."


def _people(campaign: Campaign, at: datetime) -> dict[str, Any]:
    columns = ("id", "updated_at", "opted_out", "at_rest")  # the last two are annotations
    people = audience(campaign, at).order_by().values(*columns)
    query, parameters = people.query.sql_with_params()
    with connection.cursor() as cursor:
        # Sums of hashes do not depend on the order, so nothing is sorted.
        cursor.execute(_PEOPLE.format(query=query), parameters)
        count, who, details, opted_out, which, at_rest = cursor.fetchone()
    return {"people": [count, who], "details": details, "opt_outs": [opted_out, which], "at_rest": at_rest}


def _instant(at: datetime | None) -> str:
    """The same for the same moment, on whatever clock a form has read it."""
    return at.astimezone(UTC).isoformat() if at else ""
