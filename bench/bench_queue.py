"""The queue alone: claim, intent and result by two workers' own functions, in a small table and in a large one."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterable

from bench import machines
from bench.baselines import Figure
from bench.database import ROWS, Bench, prepared
from tests.postgres import database_url

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SMALL, AMOUNT, WORKERS = 100_000, 60_000, 2
RATE = 10_000_000  # so that the pace is asked, and always has room


def run() -> Iterable[Figure]:
    """Medians; the large table comes last, so that the other benches find it."""
    small = _median(SMALL)
    large = _median(ROWS)
    yield Figure(f"claim, intent, result; {SMALL:,} finished", small, "rows/s")
    yield Figure("claim, intent, result; all finished", large, "rows/s")
    yield Figure("rows finished there", ROWS, "rows")
    yield Figure("the large table against the small", 100 * large / small, "%")


def _median(rows: int) -> float:
    with prepared(rows, rate=RATE) as bench:
        return statistics.median(_round(bench) for _ in range(ROUNDS))


def _round(bench: Bench) -> float:
    bench.run(bench.campaign(AMOUNT))
    environment = {**os.environ, "DATABASE_URL": database_url()}
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.claiming", str(bench.account.pk)],
            cwd=machines.ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(WORKERS)
    ]
    for one in workers:
        assert one.stdout is not None
        one.stdout.readline()
    said = []
    for one in workers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in workers:
        said.append(one.communicate()[0].split())
    rows = sum(int(words[0]) for words in said)
    assert rows == AMOUNT, said
    return rows / (max(float(words[2]) for words in said) - min(float(words[1]) for words in said))
