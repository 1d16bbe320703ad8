"""Putting a campaign together from names, as the command line does it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.models import Agent, Campaign, Trigger
from contacts.models import ContactList

NOT_STORABLE = "Something in it cannot be stored: NaN, Infinity, or a damaged character. Nothing was created."


class CannotDraft(ValueError):
    """Nothing was created; the text is a sentence for the person who tried."""


def draft(
    *,
    name: str,
    lists: Sequence[str],
    message: str = "",
    trigger: str = "",
    agent: str = "",
    metadata: dict[str, Any] | None = None,
    agent_enabled: bool = True,
    any_hour: bool = False,
    scheduled_at: datetime | None = None,
    each_own_clock: bool = False,
    spread_minutes: int | None = None,
    expires_at: datetime | None = None,
) -> Campaign:
    """Create a draft. Raises CannotDraft where a list or agent is unknown, nothing is said, or it cannot be stored.

    A trigger phrase that is not on file is put there: phrases are set up at Revmo, our list of them is a convenience.
    """
    _check_storable([name, *lists, message, trigger, agent, metadata])
    chosen = _agent(agent)
    found = [_list(one) for one in lists]
    with transaction.atomic():
        campaign = Campaign(
            name=name,
            agent=chosen,
            message=message,
            trigger=Trigger.objects.get_or_create(agent=chosen, phrase=trigger)[0] if trigger else None,
            metadata=metadata or {},
            agent_enabled=agent_enabled,
            any_hour=any_hour,
            scheduled_at=scheduled_at,
            each_own_clock=each_own_clock,
            spread_minutes=spread_minutes,
            expires_at=expires_at,
        )
        try:
            campaign.full_clean()
        except ValidationError as problem:
            raise CannotDraft(" ".join(problem.messages)) from problem
        campaign.save()
        campaign.lists.set(found)
    return campaign


def _check_storable(given: list[Any]) -> None:
    """PostgreSQL keeps no NUL, no half of a pair of surrogates, and in JSON no number that is none."""
    try:
        written = json.dumps(given, allow_nan=False, ensure_ascii=False)
        written.encode()
    except ValueError as problem:
        raise CannotDraft(NOT_STORABLE) from problem
    if "\\u0000" in written:
        raise CannotDraft(NOT_STORABLE)


def _agent(name: str) -> Agent:
    if name:
        agent = Agent.objects.filter(name=name).first()
        if agent is None:
            raise CannotDraft(f"There is no agent “{name}”.")
        return agent
    agents = list(Agent.objects.all()[:2])  # the default one comes first
    if agents and (agents[0].is_default or len(agents) == 1):
        return agents[0]
    if not agents:
        raise CannotDraft("There is no agent yet. Add one under Settings, or set REVMO_AGENT_ID.")
    raise CannotDraft("There are several agents and none is the default. Say which: --agent NAME")


def _list(name: str) -> ContactList:
    found = ContactList.objects.filter(name=name).first()
    if found is None:
        raise CannotDraft(f"There is no list “{name}”. Import contacts into it first.")
    return found
