"""XLSX and ODS: the archive is checked, a child process reads it, and rows stream in. No database."""

import datetime
import json
import os
import selectors
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contacts.unreadable import UnreadableFile

MAX_ENTRIES = 2_000
MAX_UNPACKED = 1024 * 1024 * 1024
# Spreadsheets compress well, bombs better; small ones do no harm whatever they claim.
SUSPICIOUS_SIZE, SUSPICIOUS_RATIO = 64 * 1024 * 1024, 150
# Seconds that the child may be silent while we wait; its own limit ends it earlier if it is busy.
SILENCE = 75.0
PIPE = 1 << 16
DAMAGED = "The workbook is damaged or far larger than it looks. Open it and save the sheet as CSV."
_DATES: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
}

Record = tuple[int, list[Any]]


@dataclass(slots=True)
class Workbook:
    """Its sheets, up to two of them with data, and the one that is read, by a child that ends with the rows."""

    kind: str
    process: "subprocess.Popen[bytes]"
    sheets: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    sheet: str = ""
    _answers: Iterator[Any] = field(default_factory=lambda: iter(()))

    def rows(self) -> Generator[Record]:
        """Filled rows with their numbers, once. Raises UnreadableFile where the child gives up or dies."""
        try:
            for answer in self._answers:
                if answer is None:
                    return
                if isinstance(answer, dict):
                    raise UnreadableFile(answer["problem"])
                yield from ((number, cells) for number, cells in answer)
            raise UnreadableFile(DAMAGED)
        finally:
            self.close()

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def open_workbook(path: Path, wanted: str = "") -> Workbook:
    """Start to read `wanted`, or the first sheet with data. Raises UnreadableFile."""
    kind, unpacked = _check_archive(path)
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "contacts.reading.worker", str(path.absolute()), wanted, str(unpacked)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[2],
        env={},  # what reads hostile files knows no secrets
    )
    book = Workbook(kind, process, _answers=_answers(process))
    try:
        first = next(book._answers, None) or {"problem": DAMAGED}
        if "problem" in first:
            raise UnreadableFile(first["problem"])
    except UnreadableFile:
        book.close()
        raise
    book.sheets, book.filled, book.sheet = tuple(first["sheets"]), tuple(first["filled"]), first["sheet"]
    return book


def _answers(process: "subprocess.Popen[bytes]") -> Iterator[Any]:
    """What the child writes, a line at a time, until it ends. Raises UnreadableFile where it falls silent."""
    assert process.stdout is not None  # noqa: S101  # we asked for a pipe
    descriptor = process.stdout.fileno()
    pieces: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(SILENCE):
                raise UnreadableFile(DAMAGED)
            data = os.read(descriptor, PIPE)
            if not data:
                return
            *whole, rest = data.split(b"\n")
            for line in whole:
                pieces.append(line)
                yield json.loads(b"".join(pieces), object_hook=_dated)
                pieces = []
            pieces.append(rest)


def _dated(value: dict[str, Any]) -> Any:
    for name, parse in _DATES.items():
        if name in value:
            return parse(value[name])
    return value


def _check_archive(path: Path) -> tuple[str, int]:
    """The kind of workbook, by what is in it and not by its name, and its bytes unpacked. Raises UnreadableFile."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    # An archive that asks for a newer version of the format than `zipfile` knows is a NotImplementedError of its own.
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        raise UnreadableFile(
            "The workbook is cut off or damaged. Save it again, or save the sheet as CSV."
        ) from problem
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
        raise UnreadableFile(DAMAGED)
    if unpacked > SUSPICIOUS_SIZE and unpacked / packed > SUSPICIOUS_RATIO:
        raise UnreadableFile(DAMAGED)
    names = {entry.filename for entry in entries}
    if any(name.startswith("xl/workbook.") for name in names):
        return "xlsx", unpacked
    if {"content.xml", "mimetype"} <= names:
        return "ods", unpacked
    raise UnreadableFile("This is an archive, not a workbook. Unpack it, and import the spreadsheet inside.")
