"""Rows of six columns cleaned per second and core, and the share of it that reading the numbers takes."""

import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from bench.baselines import Figure
from contacts.cleaning import Cleaner
from contacts.columns import guess_mapping
from contacts.phones import parse_phone

ROWS = 10_000
RUNS = 5  # the median counts
COLUMNS = ("Phone", "First name", "Last name", "E-mail", "Company", "City")
SPELLINGS = ("+1202456{:04d}", "(202) 456-{:04d}")


def run() -> Iterable[Figure]:
    """Clean rows with US numbers in two spellings, and in turn read the same numbers alone."""
    rows = [
        (
            SPELLINGS[index % 2].format(index),
            f"Person {index}",
            "Miller",
            f"person{index}@example.com",
            "Example Inc.",
            "Washington",
        )
        for index in range(ROWS)
    ]
    cleaner = Cleaner(COLUMNS, guess_mapping(COLUMNS, rows[:10], "US"), "US")
    both = [(_seconds(cleaner.clean, rows), _seconds(_read_number, rows)) for _ in range(RUNS)]
    whole, phones = median(one for one, _ in both), median(one for _, one in both)
    yield Figure("rows cleaned", ROWS / whole, "per second")
    yield Figure("rows cleaned, their numbers aside", ROWS / (whole - phones), "per second")
    yield Figure("share of the numbers in it", phones / whole * 100, "%")


def _read_number(row: Sequence[str]) -> None:
    parse_phone(row[0], "US")


def _seconds(work: Callable[[Sequence[str]], Any], rows: Sequence[Sequence[str]]) -> float:
    begin = time.process_time()
    for row in rows:
        work(row)
    return time.process_time() - begin
