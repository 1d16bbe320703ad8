"""`manage.py import_contacts FILE`: a spreadsheet into contacts, every row accounted for.

Exit codes: 0 all rows taken, 1 done with rejects, 2 refused with a plain sentence.
"""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from contacts import importing
from contacts.columns import parse_map_option
from contacts.models import ContactImport, ContactList, ImportRow
from contacts.refusals import Refused


class Command(BaseCommand):
    help = "Imports contacts from CSV, XLSX or ODS; says for every row that is not taken why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and how to read it where the reader should not decide."""
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--list", default="", metavar="NAME", help="Put everybody on this list; made if missing.")
        parser.add_argument("--region", default="US", help="Country of numbers that name none (two letters).")
        parser.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD", help='"-" ignores a column.')
        parser.add_argument("--encoding", default="")
        parser.add_argument("--delimiter", default="")
        parser.add_argument("--sheet", default="")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen, change nothing.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Preview, then import."""
        path = Path(options["file"])
        if not path.is_file():
            raise Refused(f"There is no file {path}.")
        region = _region(options["region"])
        mapping = _mapping(options["map"])
        with transaction.atomic():
            record = self._preview(path, region, mapping, options)
            if options["dry_run"]:
                answer = _answer(record)
                transaction.set_rollback(True)
            else:
                importing.confirm(record)
                importing.apply(record)
                answer = _answer(record)
        self._say(record, answer, options)
        if answer["rejected"]:
            sys.exit(1)

    def _preview(self, path: Path, region: str, mapping: dict[str, str], options: dict[str, Any]) -> ContactImport:
        record = ContactImport.objects.create(
            file_name=path.name[:255], file_sha256=importing.digest_of(path), region=region
        )
        if options["list"]:
            record.contact_list = ContactList.objects.get_or_create(name=options["list"])[0]
        reading = importing.Reading(options["encoding"], options["delimiter"], options["sheet"], mapping)
        importing.stage(record, path, reading)
        if record.status == ContactImport.Status.UNREADABLE:
            raise Refused(record.problem)
        for note in record.reading["notes"]:
            self.stderr.write(f"Note: {note}")
        return record

    def _say(self, record: ContactImport, answer: dict[str, Any], options: dict[str, Any]) -> None:
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
