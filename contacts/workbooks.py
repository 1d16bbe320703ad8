"""XLSX and ODS, read by a child process, streamed row by row. No database."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contacts.unreadable import UnreadableFile

MAX_ENTRIES = 2_000
MAX_UNPACKED = 1024 * 1024 * 1024
# Spreadsheets compress well, bombs better; small ones do no harm whatever they claim.
SUSPICIOUS_SIZE, SUSPICIOUS_RATIO = 64 * 1024 * 1024, 150
DAMAGED = "The workbook is damaged or far larger than it looks. Open it and save the sheet as CSV."


@dataclass(frozen=True, slots=True)
class Workbook:
    """The names of its sheets, and the one that is read."""

    path: Path
    sheets: list[str]
    sheet: str
    process: "subprocess.Popen[str]"

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Numbered rows as the child sends them. Raises UnreadableFile when the child gives up or dies."""
        if self.process.stdout is None:
            raise UnreadableFile(DAMAGED)
        try:
            for line in self.process.stdout:
                number, cells = json.loads(line)
                yield number, cells
            if self.process.wait() != 0:
                raise UnreadableFile(DAMAGED)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def open_workbook(path: Path, wanted: str = "") -> Workbook:
    """Start to read `wanted`, or the first sheet with data. Raises UnreadableFile."""
    _check_archive(path)
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "contacts.spreadsheet_child", str(path.absolute()), wanted],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).resolve().parent.parent,
    )
    first = process.stdout.readline() if process.stdout else ""
    try:
        answer = json.loads(first)
    except ValueError:
        answer = {}
    if "sheet" in answer:
        return Workbook(path, answer["sheets"], answer["sheet"], process)
    process.kill()
    process.communicate()
    raise UnreadableFile(answer.get("problem") or DAMAGED)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise UnreadableFile(
            "The workbook is cut off or damaged. Save it again, or save the sheet as CSV."
        ) from problem
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
        raise UnreadableFile(DAMAGED)
    if unpacked > SUSPICIOUS_SIZE and unpacked / packed > SUSPICIOUS_RATIO:
        raise UnreadableFile(DAMAGED)
