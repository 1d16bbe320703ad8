"""Phone numbers read per second and core, as people write them."""

import time
from collections.abc import Iterable

from bench.baselines import Figure
from contacts.phones import parse_phone

NUMBERS = 5_000


def run() -> Iterable[Figure]:
    """Read US numbers in four spellings."""
    spellings = ("(202) 456-{:04d}", "+1202456{:04d}", "202.456.{:04d}", "1 202 456 {:04d}")
    written = [spellings[index % 4].format(index) for index in range(NUMBERS)]
    begin = time.process_time()
    for text in written:
        parse_phone(text, "US")
    seconds = time.process_time() - begin
    yield Figure("numbers read", NUMBERS / seconds, "per second")
