"""The child process that reads a workbook: `python -m contacts.spreadsheet_child FILE SHEET`.

It limits its own memory and time before it touches the file. Standard output is JSON lines: first the sheets (or the
problem), then `[row number, cells]`. It imports nothing of Django, so that it starts quickly.
"""

import datetime
import json
import resource
import sys
from typing import Any

MEMORY = 2 * 1024 * 1024 * 1024
CPU_SECONDS = 60


def limit() -> None:
    """Have the kernel end us rather than the machine suffer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def plain(cell: Any) -> Any:
    """A cell as JSON has it; numbers stay numbers, because a rounded phone number must be noticed."""
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return str(cell)
    return cell


def main(path: str, wanted: str) -> None:
    """Write the sheet to standard output."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        names = book.sheet_names
        if wanted and wanted not in names:
            print(json.dumps({"problem": f"There is no sheet “{wanted}”. There are: {', '.join(names)}."}))  # noqa: T201
            return
        for name in [wanted] if wanted else names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height or wanted:
                break
        print(json.dumps({"sheets": names, "sheet": name}))  # noqa: T201
        start = sheet.start or (0, 0)
        for index, cells in enumerate(sheet.iter_rows(), start=start[0] + 1):
            sys.stdout.write(json.dumps([index, [""] * start[1] + [plain(cell) for cell in cells]]) + "\n")
    except (CalamineError, OSError, ValueError, UnboundLocalError):
        print(json.dumps({"problem": ""}))  # noqa: T201
        sys.exit(1)


if __name__ == "__main__":
    limit()
    main(sys.argv[1], sys.argv[2])
