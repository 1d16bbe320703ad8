"""What a file would do: look at it, ask what is in doubt, and stage its rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils import timezone

from contacts import columns as headers
from contacts import files
from contacts.attributes import guess_kind
from contacts.cleaning import Cleaner, as_text
from contacts.importing import staging
from contacts.importing.refusing import CannotImport, Overtaken
from contacts.importing.reporting import Report, ignore
from contacts.models import Attribute, ContactImport, RememberedHeader
from contacts.spreadsheets import Sheet, open_sheet
from contacts.unreadable import UnreadableFile

Status = ContactImport.Status
SAMPLES = 3
LONGEST_SAMPLE = 80
DELETED_AT_ONCE = 20_000
HOW_READ = ("encoding", "delimiter", "sheet", "header_row")


def read(record: ContactImport, report: Report = ignore) -> None:
    """The worker's part of an upload: `preview` of the stored file. Safe to run again, and twice at once."""
    if record.stored_file is None:
        _refuse(record, "The file is not here any more. Upload it again.")
        return
    with files.spooled(record.stored_file) as path:
        preview(record, path, report)


def preview(record: ContactImport, path: Path, report: Report = ignore) -> None:
    """Look at the file; then ask, or stage every row with its fate.

    A file that cannot be read leaves the import unreadable, with the reason. After a crash it goes on behind the last
    batch that was committed.
    """
    try:
        _look_and_stage(record, path, report)
    except UnreadableFile as problem:
        _refuse(record, str(problem))
    except Overtaken:
        pass
    record.refresh_from_db()


def _look_and_stage(record: ContactImport, path: Path, report: Report) -> None:
    sheet = _open(path, record.answers)
    mapping = choose_mapping(sheet, record.answers.get("mapping"), record.region)
    questions = _questions(sheet, mapping, record)
    record.reading = _described(sheet, mapping, questions, record.region)
    if questions:
        _move(record, status=Status.ASKING, reading=record.reading)
        return
    started = record.step_started_at or timezone.now()
    _move(record, reading=record.reading, expected_rows=_expected(path, sheet), step_started_at=started)
    cleaner = Cleaner(sheet.columns, mapping, record.region, keep_blanks=record.blanks_overwrite)
    staging.stage_rows(record, cleaner, sheet.rows(), report)
    _move(record, status=Status.PREVIEWED, problem="", **staging.count_flags(record))


def _open(path: Path, answers: Mapping[str, Any]) -> Sheet:
    return open_sheet(
        path,
        encoding=answers.get("encoding", ""),
        delimiter=answers.get("delimiter", ""),
        sheet=answers.get("sheet", ""),
        header_row=answers.get("header_row"),
    )


def choose_mapping(sheet: Sheet, wanted: Mapping[str, str] | None, region: str) -> dict[str, str]:
    """What staff said, or what these columns meant last time, or a guess; kinds of attributes that exist stay.

    Raises UnreadableFile for a column that is not there.
    """
    known = {attribute.name: attribute.kind for attribute in Attribute.objects.all()}
    labels = {headers.normal(one.label): f"{one.name}:{one.kind}" for one in Attribute.objects.all()}
    mapping = headers.guess_mapping(sheet.columns, [cells for _, cells in sheet.sample], region, attributes=labels)
    if remembered := RememberedHeader.objects.filter(key=headers.header_key(sheet.columns)).first():
        mapping |= {column: remembered.mapping.get(headers.normal(column), now) for column, now in mapping.items()}
    _take_wishes(mapping, wanted or {})
    return {column: _with_kind(target, known) for column, target in mapping.items()}


def _take_wishes(mapping: dict[str, str], wanted: Mapping[str, str]) -> None:
    for column, target in wanted.items():
        if column not in mapping:
            raise UnreadableFile(f"There is no column “{column}”. There are: {', '.join(mapping)}.")
        if target == headers.PHONE:  # a choice, so what the guess took for a phone is none
            others = [name for name, field in mapping.items() if field == headers.PHONE and name not in wanted]
            mapping |= {name: headers.attribute_name(name) for name in others}
        mapping[column] = target


def _with_kind(target: str, known: Mapping[str, str]) -> str:
    name, kind = headers.split_target(target)
    if name in known:
        return f"{name}:{known[name]}"
    return f"{name}:{kind}" if kind else target


def is_phone(target: str) -> bool:
    """Does a column with this target hold numbers?"""
    return target == headers.PHONE or target.startswith(f"{headers.PHONE}_")


def _questions(sheet: Sheet, mapping: Mapping[str, str], record: ContactImport) -> list[str]:
    """Why a person should look before the rows are read; none where one has looked already."""
    has_phone = any(is_phone(target) for target in mapping.values())
    if record.answers.get("settled"):
        if not has_phone:
            raise UnreadableFile("No column holds phone numbers. Name one: for example “Phone” in the first row.")
        return []
    questions = [doubt.sentence for doubt in sheet.doubts]
    if not has_phone:
        questions.append("No column was recognised as phone numbers. Say which one holds them.")
    remembered = RememberedHeader.objects.filter(key=headers.header_key(sheet.columns)).exists()
    if not record.is_opt_outs and not remembered and (unknown := headers.unrecognised(sheet.columns, mapping)):
        names = ", ".join(f"“{name}”" for name in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        questions.append(f"Not recognised: {names}{more}. Say what they hold, or leave them out.")
    return questions


def _described(sheet: Sheet, mapping: Mapping[str, str], questions: list[str], region: str) -> dict[str, Any]:
    cells = [_column(sheet, index) for index in range(len(sheet.columns))]
    samples = [[text[:LONGEST_SAMPLE] for cell in column if (text := as_text(cell))][:SAMPLES] for column in cells]
    return {
        "kind": sheet.kind,
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "sheet": sheet.sheet,
        "sheets": list(sheet.sheets),
        "header_row": sheet.header_row,
        "columns": list(sheet.columns),
        "samples": samples,
        "kinds": [str(guess_kind(column, region)) for column in cells],
        "mapping": dict(mapping),
        "source": headers.known_source(sheet.columns),
        "notes": sheet.notes,
        "questions": questions,
        "doubts": [
            {"kind": doubt.kind, "sentence": doubt.sentence, "choices": [list(choice) for choice in doubt.choices]}
            for doubt in sheet.doubts
        ],
    }


def _column(sheet: Sheet, index: int) -> list[Any]:
    return [cells[index] for _, cells in sheet.sample if index < len(cells)]


def _expected(path: Path, sheet: Sheet) -> int | None:
    """About how many rows, for the progress bar: the line ends of a text file; a workbook does not tell."""
    if sheet.kind != "csv":
        return None
    ends = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            ends += piece.count(b"\n") or piece.count(b"\r")
    return max(1, ends - sheet.header_row)


def answer(record: ContactImport, answers: Mapping[str, Any], **rules: Any) -> None:
    """Read the file again as staff say. Raises CannotImport where it is too late for that."""
    open_import = ContactImport.objects.filter(pk=record.pk, status__in=[Status.ASKING, Status.PREVIEWED])
    changed = open_import.update(
        status=Status.UPLOADED,
        answers=dict(answers),
        version=record.version + 1,
        touched_at=timezone.now(),
        step_started_at=None,
        **_nothing_read(),
        **rules,
    )
    if not changed:
        record.refresh_from_db()
        raise CannotImport(f"It is too late to change this import: {record.get_status_display().lower()}.")
    forget_rows(record)
    record.refresh_from_db()


def _nothing_read() -> dict[str, int]:
    counts = ("rows", "created", "updated", "unchanged", "skipped", "rejected", "opted_out", "shared", "warned")
    return {**dict.fromkeys(counts, 0), "read_through": 0, "done_rows": 0}


def _refuse(record: ContactImport, problem: str) -> None:
    try:
        _move(record, status=Status.UNREADABLE, problem=problem, **_nothing_read())
    except Overtaken:
        return
    forget_rows(record)


def _move(record: ContactImport, **changes: Any) -> None:
    """A step of this reading of the file; nobody else's. Raises Overtaken."""
    mine = ContactImport.objects.filter(pk=record.pk, status=Status.UPLOADED, version=record.version)
    if not mine.update(touched_at=timezone.now(), **changes):
        raise Overtaken


def forget_rows(record: ContactImport) -> None:
    """Delete the staging rows, some at a time, so that no transaction is long."""
    while numbers := list(record.import_rows.order_by("number").values_list("number", flat=True)[:DELETED_AT_ONCE]):
        record.import_rows.filter(number__lte=numbers[-1])._raw_delete(record.import_rows.db)
