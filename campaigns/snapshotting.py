"""One batch of a rehearsal: rendered, timed, added up, and written by COPY."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.models import Rehearsal, RehearsedText
from campaigns.places import whereabouts
from campaigns.planning import Plan
from campaigns.scripts import Script
from campaigns.summaries import Summary
from contacts.models import Contact

Outcome = RehearsedText.Outcome
_COPY = """
COPY campaigns_rehearsedtext (rehearsal_id, contact_id, phone, outcome, reason, text, metadata, segments, due_at,
    window_ends_at) FROM STDIN
"""
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NULL = "\\N"


class Stage:
    """Everything that a rehearsal needs for one person after the other."""

    def __init__(self, rehearsal: Rehearsal, script: Script) -> None:
        campaign = rehearsal.campaign
        self.key = rehearsal.pk
        self._script = script
        self._plan = Plan(campaign, rehearsal.created_at, rehearsal.total)
        self._business = ZoneInfo(campaign.agent.account.time_zone)
        self._zones: dict[tuple[str, ...], ZoneInfo] = {}

    def lines(self, people: Sequence[Contact], place: int, summary: Summary) -> Iterator[str]:
        """COPY's lines for people of whom the first stands at `place` of the audience; adds them to `summary`."""
        for index, contact in enumerate(people):
            scripted = self._script.for_person(contact, opted_out=contact.opted_out, at_rest=contact.at_rest)
            if scripted.outcome != Outcome.WILL_SEND:
                yield self._held_back(contact, scripted.outcome, scripted.reason, summary)
                continue
            where = whereabouts(contact.phone, contact.time_zone)
            slot = self._plan.slot(where, place + index)
            if slot.due_at is None:
                outcome = Outcome.TOO_LATE if slot.too_late else Outcome.NO_HOUR
                yield self._held_back(contact, outcome, slot.reason, summary)
                continue
            local = slot.due_at.astimezone(self._clock(self._plan.zones(where)))
            summary.send(contact.phone, scripted.text, scripted.segments, slot.due_at, local, slot.window_ends_at)
            metadata = _escaped(_json(scripted.metadata)) if scripted.metadata else "{}"
            yield (
                f"{self.key}\t{contact.pk}\t{contact.phone}\t{scripted.outcome.value}\t\t{_escaped(scripted.text)}\t"
                f"{metadata}\t{scripted.segments}\t{_instant(slot.due_at)}\t{_instant(slot.window_ends_at)}\n"
            )

    def _held_back(self, contact: Contact, outcome: Outcome, reason: str, summary: Summary) -> str:
        summary.hold_back(outcome.value)
        who = f"{self.key}\t{contact.pk}\t{contact.phone}"
        return f"{who}\t{outcome.value}\t{_escaped(reason)}\t\t{{}}\t0\t{_NULL}\t{_NULL}\n"

    def _clock(self, zones: tuple[str, ...]) -> ZoneInfo:
        """Where their hour is in doubt, the business's."""
        if len(zones) != 1:
            return self._business
        return self._zones.get(zones) or self._zones.setdefault(zones, ZoneInfo(zones[0]))


def write(lines: Sequence[str]) -> None:
    """Inside the caller's transaction."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("".join(lines).encode("utf-8", "replace"))


def forget(rehearsals: Sequence[int]) -> None:
    """Delete snapshots with their texts, without reading a million rows first."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM campaigns_rehearsedtext WHERE rehearsal_id = ANY(%s)", [list(rehearsals)])
    Rehearsal.objects.filter(pk__in=rehearsals).delete()


@lru_cache(maxsize=1_024)
def _instant(at: datetime | None) -> str:
    return at.isoformat() if at else _NULL


def _escaped(text: str) -> str:
    """As COPY's text format wants it (PostgreSQL, COPY, "Text Format")."""
    if text.isprintable() and "\\" not in text:
        return text
    return text.replace("\x00", "").replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
