"""`manage.py campaign`: create, rehearse, launch, steer and read campaigns from scripts.

Exit codes: 0 done, 1 done with problems, 2 refused with a plain sentence. With --json standard output is that alone.
"""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from campaigns import drafting, launching, progress, rehearsal, steering
from campaigns.models import Campaign, Rehearsal
from contacts.refusals import Refused

POLL_SECONDS = 0.25
RESTING = (Campaign.Status.FINISHED, Campaign.Status.CANCELED, Campaign.Status.PAUSED)


class Command(BaseCommand):
    help = "Create, rehearse, launch, pause, resume, cancel and read campaigns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command for each verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Make a draft.")
        create.add_argument("--name", required=True)
        create.add_argument("--list", action="append", required=True, dest="lists", metavar="NAME")
        create.add_argument("--message", default="", help="Liquid merge tags allowed.")
        create.add_argument("--trigger", default="", metavar="PHRASE")
        create.add_argument("--agent", default="", metavar="NAME")
        create.add_argument("--metadata", default="{}", metavar="JSON")
        create.add_argument("--no-agent", action="store_true", help="The text stands alone; the agent stays silent.")
        create.add_argument("--at", default="", metavar="ISO", help="Not before; UTC where no offset is given.")
        create.add_argument("--own-clock", action="store_true", help="--at counts on each person's own clock.")
        create.add_argument("--spread", type=float, metavar="HOURS", help="Spread evenly over so many hours.")
        create.add_argument("--until", default="", metavar="ISO", help="What is not sent by then expires.")
        create.add_argument("--any-hour", action="store_true", help="Lift the send windows and the quiet hours.")
        create.add_argument("--json", action="store_true")
        for verb in ("rehearse", "launch", "pause", "resume", "cancel", "status", "sends"):
            one = verbs.add_parser(verb)
            one.add_argument("id", type=int)
            one.add_argument("--wait", action="store_true", help="Return at finished, canceled or paused.")
            one.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one verb; every refusal is a sentence and exit code 2."""
        try:
            if options["verb"] == "create":
                self._create(options)
                return
            campaign = Campaign.objects.select_related("agent__account", "trigger").filter(pk=options["id"]).first()
            if campaign is None:
                raise Refused(f"There is no campaign {options['id']}.")
            verbs: dict[str, Callable[[Campaign, dict[str, Any]], None]] = {
                "rehearse": self._rehearse,
                "launch": self._launch,
                "pause": self._pause,
                "resume": self._resume,
                "cancel": self._cancel,
                "status": self._status,
                "sends": self._sends,
            }
            verbs[options["verb"]](campaign, options)
        except (drafting.CannotDraft, rehearsal.CannotRehearse, launching.CannotLaunch) as problem:
            raise Refused(str(problem)) from problem

    def _create(self, options: dict[str, Any]) -> None:
        campaign = drafting.draft(
            name=options["name"],
            lists=options["lists"],
            message=options["message"],
            trigger=options["trigger"],
            agent=options["agent"],
            metadata=_metadata(options["metadata"]),
            agent_enabled=not options["no_agent"],
            any_hour=options["any_hour"],
            scheduled_at=_instant(options["at"], "--at"),
            each_own_clock=options["own_clock"],
            spread_minutes=round(options["spread"] * 60) if options["spread"] else None,
            expires_at=_instant(options["until"], "--until"),
        )
        self._say(
            options,
            {"id": campaign.pk, "name": campaign.name, "status": campaign.status},
            f"Draft {campaign.pk}.",
        )
        if campaign.any_hour:
            self.stderr.write("At any hour: neither the send windows nor the quiet hours of the law hold it back.")

    def _rehearse(self, campaign: Campaign, options: dict[str, Any]) -> None:
        snapshot = self._rehearsed(campaign)
        self._tell(snapshot)
        self._say(
            options,
            {
                "id": campaign.pk,
                "will_send": snapshot.will_send,
                "held_back": snapshot.held_back,
                "segments": snapshot.segments,
            },
            f"{snapshot.will_send} people will get a text; {snapshot.held_back} are held back.",
        )

    def _launch(self, campaign: Campaign, options: dict[str, Any]) -> None:
        if campaign.status not in Campaign.EDITABLE:
            state = campaign.get_status_display().lower()
            raise launching.CannotLaunch(f"This campaign is already {state}; nothing was done.")
        snapshot = rehearsal.current(campaign) or self._rehearsed(campaign)
        self._tell(snapshot)
        launching.launch(campaign, snapshot)
        self._wait_and_report(campaign, options)

    def _rehearsed(self, campaign: Campaign) -> Rehearsal:
        """With a line for each batch of a large audience."""
        started = rehearsal.start(campaign)
        done = 0

        def tell(people: int) -> None:
            nonlocal done
            done += people
            self.stderr.write(f"Rehearsing: {done:,} of {started.total:,} people.")

        return rehearsal.work(started, tell if started.total > rehearsal.AT_ONCE else None)

    def _pause(self, campaign: Campaign, options: dict[str, Any]) -> None:
        if not steering.pause(campaign, "Paused from the command line."):
            raise Refused("Only a campaign that runs or is scheduled can be paused.")
        self._wait_and_report(campaign, options)

    def _resume(self, campaign: Campaign, options: dict[str, Any]) -> None:
        if not steering.resume(campaign):
            raise Refused("Only a paused campaign can be resumed.")
        self._wait_and_report(campaign, options)

    def _cancel(self, campaign: Campaign, options: dict[str, Any]) -> None:
        spared = steering.cancel(campaign)
        if spared is None:
            raise Refused("This campaign is over already.")
        self.stderr.write(f"{spared} people will not be texted.")
        self._wait_and_report(campaign, options)

    def _status(self, campaign: Campaign, options: dict[str, Any]) -> None:
        self._wait_and_report(campaign, options)

    def _sends(self, campaign: Campaign, options: dict[str, Any]) -> None:
        fields = ("to", "state", "reason", "attempts", "thread_id", "delivery")
        for row in campaign.sends.order_by("pk").values(*fields).iterator(chunk_size=2_000):
            self.stdout.write(json.dumps(row) if options["json"] else "  ".join(str(row[name]) for name in fields))

    def _wait_and_report(self, campaign: Campaign, options: dict[str, Any]) -> None:
        campaign.refresh_from_db()
        while options["wait"] and campaign.status not in RESTING:
            time.sleep(POLL_SECONDS)
            campaign.refresh_from_db()
        answer = progress.as_json(campaign)
        counts = ", ".join(f"{count} {state}" for state, count in answer["sends"].items() if count)
        self._say(options, answer, f"{campaign.get_status_display()}: {counts or 'nothing to send yet'}.")
        if options["wait"] and (answer["sends"]["failed"] or answer["sends"]["unknown"]):
            sys.exit(1)

    def _tell(self, snapshot: Rehearsal) -> None:
        self.stderr.write(f"Rehearsed: {snapshot.will_send} will be sent, {snapshot.held_back} held back.")

    def _say(self, options: dict[str, Any], answer: dict[str, Any], sentence: str) -> None:
        self.stdout.write(json.dumps(answer) if options["json"] else sentence)


def _metadata(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise Refused(f"--metadata is not JSON: {problem}.") from problem
    if not isinstance(value, dict):
        raise Refused('--metadata must be names and values, for example {"city": "{{ city }}"}.')
    return value


def _instant(text: str, option: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None:
        raise Refused(f"{option} takes a date and time such as 2026-11-24T09:00:00-05:00.")
    return instant if timezone.is_aware(instant) else timezone.make_aware(instant, timezone.get_default_timezone())
