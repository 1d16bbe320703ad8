"""The child process that reads a workbook: `python -m contacts.reading.worker FILE SHEET BYTES`, these unpacked.

A hostile workbook can take the process that parses it down, so this one limits its own memory and time before it
touches the file. Standard output is JSON, one value a line: first `{"sheets", "filled", "sheet"}`, or `{"problem"}`
in words, then lists of `[row number, cells]`; a last `null` says that nothing is missing. Dates, which JSON lacks,
come as `{"date": ISO}`. Blank rows are left out, and so are blank cells at a row's end.
"""

import datetime
import json
import resource
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from contacts.reading.limits import MAX_CELL, MAX_COLUMNS, MAX_RECORD, MAX_ROWS

MEMORY = 2 * 1024 * 1024 * 1024  # a million rows of twenty columns fit
CPU_SECONDS = 60
ROWS_A_LINE = 200
CELLS_A_LINE = 1_000_000  # characters of them
# No format writes a row in fewer bytes, or says more in a byte: what does repeats itself by a number, and would fill
# every table. Small ones may.
BYTES_A_ROW, ROWS_OF_ANY = 10, 10_000
CHARACTERS_A_BYTE, CHARACTERS_OF_ANY = 20, 20_000_000


REPEATED = "The workbook repeats the same content without end. Open it and save the sheet as CSV."


class Problem(Exception):
    """Why the workbook is not read, in words."""


def limit() -> None:
    """Have the kernel end us rather than the machine suffer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def choose(book: CalamineWorkbook, wanted: str) -> tuple[list[str], list[str], CalamineSheet]:
    """The sheets that hold cells, up to two visible ones with data, and the wanted one or the first of them."""
    tables = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    names = [one.name for one in tables]
    if wanted and wanted not in names:
        raise Problem(f"There is no sheet “{wanted}”. There are: {', '.join(names)}.")
    if wanted:
        sheet = book.get_sheet_by_name(wanted)
        if not sheet.height:
            raise Problem(f"The sheet “{wanted}” is empty.")
        return names, [wanted], sheet
    shown_first = sorted(tables, key=lambda one: one.visible != SheetVisibleEnum.Visible)
    chosen, filled = None, []
    for one in shown_first:
        sheet = book.get_sheet_by_name(one.name)
        if sheet.height:
            chosen = chosen or sheet
            filled += [one.name] if one.visible == SheetVisibleEnum.Visible else []
        if len(filled) > 1:  # enough to ask; the others are not read for nothing
            break
    if chosen is None:
        raise Problem("The workbook is empty.")
    return names, filled, chosen


def rows(sheet: CalamineSheet, most: int) -> Iterator[tuple[int, list[Any]]]:
    """Filled rows, at most so many, with the numbers that a spreadsheet program shows. Raises Problem."""
    # calamine begins with the first row of the sheet, but with the first column that is used.
    before = [""] * (sheet.start[1] if sheet.start else 0)
    count = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        while cells and cells[-1] == "":
            cells.pop()
        if not cells:
            continue
        count += 1
        if count > most:
            raise Problem(REPEATED)
        if len(before) + len(cells) > MAX_COLUMNS:
            raise Problem(f"Row {number} has more than {MAX_COLUMNS} columns.")
        yield number, before + [plain(cell, number) for cell in cells]


def refuse_too_many(sheet: CalamineSheet) -> None:
    """Before a million rows are read for nothing. Raises Problem."""
    if sheet.height > MAX_ROWS and sum(any(cell != "" for cell in cells) for cells in sheet.iter_rows()) > MAX_ROWS:
        raise Problem(f"The file has more than {MAX_ROWS:,} rows. Split it.")


def lines(numbered: Iterable[tuple[int, list[Any]]], most: int) -> Iterator[list[tuple[int, list[Any]]]]:
    """Some rows at a time, fewer where they are long, so that whoever reads us holds little.

    Raises Problem, for more than `most` characters too.
    """
    line: list[tuple[int, list[Any]]] = []
    weight = total = 0
    for number, cells in numbered:
        row = sum(len(cell) for cell in cells if isinstance(cell, str))
        if row > MAX_RECORD:
            raise Problem(f"Row {number} is far too long for a row of a table.")
        line.append((number, cells))
        weight += row
        total += row
        if total > most:
            raise Problem(REPEATED)
        if len(line) == ROWS_A_LINE or weight > CELLS_A_LINE:
            yield line
            line, weight = [], 0
    if line:
        yield line


def plain(cell: Any, number: int) -> Any:
    """A cell as JSON has it; numbers stay numbers, because a rounded phone number must be noticed."""
    if isinstance(cell, str):
        if len(cell) > MAX_CELL:
            raise Problem(f"Row {number} has a cell of more than {MAX_CELL:,} characters.")
        return cell
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return {type(cell).__name__: cell.isoformat()}
    return str(cell) if isinstance(cell, datetime.timedelta) else cell


def main(path: str, wanted: str, unpacked: int) -> None:
    """Write the sheet to standard output."""
    try:
        names, filled, sheet = choose(CalamineWorkbook.from_path(path), wanted)
        _write({"sheets": names, "filled": filled, "sheet": sheet.name})
        refuse_too_many(sheet)
        numbered = rows(sheet, max(ROWS_OF_ANY, unpacked // BYTES_A_ROW))
        for line in lines(numbered, max(CHARACTERS_OF_ANY, unpacked * CHARACTERS_A_BYTE)):
            _write(line)
        _write(None)
    except Problem as problem:
        _write({"problem": str(problem)})
    except (CalamineError, OSError, ValueError, MemoryError):
        sys.exit(1)


def _write(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    limit()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
