"""`manage.py import_contacts FILE`: a spreadsheet into contacts, every row accounted for.

Exit codes: 0 all rows taken, 1 done with rejects, 2 refused with a plain sentence.
"""

import hashlib
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from contacts import importing
from contacts.columns import parse_map_option
from contacts.importing.purging import forget
from contacts.models import Contact, ContactImport, ImportRow
from contacts.refusals import Refused

Status = ContactImport.Status


class Command(BaseCommand):
    help = "Imports contacts from CSV, XLSX or ODS; says for every row that is not taken why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, how to read it where the reader should not decide, and what to do with its people."""
        parser.add_argument("file", metavar="FILE", nargs="?")
        parser.add_argument("--list", default="", metavar="NAME", help="Put everybody on this list; made if missing.")
        parser.add_argument("--region", default="US", help="Country of numbers that name none (two letters).")
        parser.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD", help='"-" ignores a column.')
        parser.add_argument("--encoding", default="")
        parser.add_argument("--delimiter", default="")
        parser.add_argument("--sheet", default="")
        parser.add_argument("--header-row", type=int, default=None, help="0: the file has no header.")
        parser.add_argument(
            "--existing",
            choices=ContactImport.Existing.values,
            default=ContactImport.Existing.UPDATE.value,
            help="What happens to contacts that we have: update them, fill in blanks, or skip.",
        )
        parser.add_argument("--blanks-overwrite", action="store_true", help="A blank cell empties the field.")
        parser.add_argument("--consent-source", choices=[s for s in Contact.ConsentSource.values if s], default="")
        parser.add_argument("--consent-date", default="", metavar="ISO", help="When they agreed to be texted.")
        parser.add_argument("--consent-text", default="", help="The words that they agreed to.")
        parser.add_argument("--opt-outs", action="store_true", help="The file lists numbers that must not be texted.")
        parser.add_argument("--undo", type=int, metavar="ID", help="Take an import back; its id stands in the history.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen, change nothing.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Preview, then import; or take an import back."""
        if options["undo"] is not None:
            self._undo(options)
            return
        path = Path(options["file"] or "")
        if not path.is_file():
            raise Refused(f"There is no file {path}." if options["file"] else "Name the file to import.")
        record = self._preview(path, options)
        if options["dry_run"]:
            answer = _answer(record)
            forget(record)
            record.delete()
        else:
            self._import(record)
            answer = _answer(record)
        self._say(answer, options)
        if answer["rejected"]:
            sys.exit(1)

    def _preview(self, path: Path, options: dict[str, Any]) -> ContactImport:
        record = importing.begin(path.name, _digest(path), _rules(options))
        with self._bar("Reading") as bar:
            importing.preview(record, path, bar.update)
        if record.status == Status.UNREADABLE:
            if options["dry_run"]:
                record.delete()
            raise Refused(record.problem)
        for note in record.reading["notes"]:
            self.stderr.write(f"Note: {note}")
        return record

    def _import(self, record: ContactImport) -> None:
        try:
            importing.confirm(record)
        except importing.CannotImport as problem:
            raise Refused(str(problem)) from problem
        with self._bar("Importing", record.rows) as bar:
            importing.apply(record, bar.update)
        if record.status != Status.IMPORTED:
            raise Refused(f"Somebody stopped this import: {record.get_status_display().lower()}.")

    def _bar(self, what: str, rows: int | None = None) -> Any:
        """Rows done, rows a second and the time left; for people alone."""
        return tqdm(desc=what, total=rows, unit=" rows", file=self.stderr, disable=not self.stderr.isatty())

    def _undo(self, options: dict[str, Any]) -> None:
        record = ContactImport.objects.filter(pk=options["undo"]).first()
        if record is None:
            raise Refused(f"There is no import {options['undo']}.")
        try:
            if not options["dry_run"]:
                importing.begin_undo(record)
        except importing.CannotImport as problem:
            raise Refused(str(problem)) from problem
        if options["dry_run"]:
            done = asdict(importing.preview_undo(record))
        else:
            with self._bar("Undoing", record.rows) as bar:
                importing.undo(record, bar.update)
            done = record.undone
        if options["json"]:
            self.stdout.write(json.dumps(done))
            return
        verb = "Would be" if options["dry_run"] else "Done:"
        self.stdout.write(
            f"{verb} {done['deleted']} contacts deleted, {done['kept']} kept because they are in use, "
            f"{done['restored']} put back as they were, {done['left_as_changed']} fields left because they have "
            "changed since. Opt-outs stay."
        )

    def _say(self, answer: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        verb = "Would be" if options["dry_run"] else "Done:"
        counts = ", ".join(f"{answer[fate]} {fate}" for fate in ImportRow.Fate.values)
        self.stdout.write(f"{verb} {counts}; {answer['rows']} rows.")
        for reject in answer["rejects"]:
            self.stdout.write(
                f"  row {reject['row']}, {reject['column'] or 'no column'}: {reject['value']!r}: {reject['reason']}"
            )


def _rules(options: dict[str, Any]) -> importing.Rules:
    consent = _moment(options["consent_date"])
    if consent and not options["consent_source"]:
        raise Refused("--consent-date needs --consent-source: say where the consent comes from.")
    return importing.Rules(
        region=_region(options["region"]),
        purpose=ContactImport.Purpose.OPT_OUTS if options["opt_outs"] else ContactImport.Purpose.CONTACTS,
        existing=options["existing"],
        blanks_overwrite=options["blanks_overwrite"],
        new_list=options["list"],
        consent_source=options["consent_source"],
        consent_at=consent,
        consent_text=options["consent_text"],
        answers={
            "encoding": options["encoding"],
            "delimiter": options["delimiter"],
            "sheet": options["sheet"],
            "header_row": options["header_row"],
            "mapping": _mapping(options["map"]),
            "settled": True,  # nobody is there to be asked: the likeliest is taken, and noted
        },
    )


def _moment(text: str) -> datetime | None:
    """A date is taken as noon in UTC, which is the same day nearly everywhere."""
    if not text:
        return None
    try:
        if day := parse_date(text):
            return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        moment = parse_datetime(text)
    except ValueError as problem:
        raise Refused(f"--consent-date: {problem}.") from problem
    if moment is None:
        raise Refused("--consent-date takes a date such as 2026-03-31.")
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _region(text: str) -> str:
    if len(text) != 2 or not text.isalpha():
        raise Refused("--region takes the two letters of a country, for example US.")
    return text.upper()


def _mapping(options: list[str]) -> dict[str, str]:
    try:
        return dict(parse_map_option(option) for option in options)
    except ValueError as problem:
        raise Refused(f"--map: {problem}") from problem


def _answer(record: ContactImport) -> dict[str, Any]:
    rejects = record.import_rows.filter(fate=ImportRow.Fate.REJECTED).values_list("number", "column", "value", "reason")
    return {
        "rows": record.rows,
        **{fate: getattr(record, fate) for fate in ImportRow.Fate.values},
        "rejects": [
            {"row": number, "column": column, "value": value, "reason": reason}
            for number, column, value, reason in rejects
        ],
    }
