"""What a worker keeps to: its memory over 200,000 texts, the pace over two workers, the time that an opt-out takes."""

import os
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack

from bench import machines
from bench.api import THROTTLED
from bench.baselines import Figure
from bench.database import Bench, prepared

MANY = int(os.environ.get("BENCH_MANY", "200000"))
PACED_SECONDS = 30
OPT_OUTS = 20


def run() -> Iterable[Figure]:
    """One after the other, on one database."""
    with prepared() as bench:
        yield from _memory(bench)
        yield from _pace(bench)
        yield from _two_accounts(bench)
        yield from _opt_outs(bench)


def _memory(bench: Bench) -> Iterable[Figure]:
    """After the first tenth, and the most of all."""
    bench.set(rate=100_000, in_flight=128)
    with machines.api(10) as api:
        bench.run(bench.campaign(MANY))
        with machines.worker(api.url) as process:
            api.wait_for(MANY // 10)
            early = most = machines.memory(process.pid)
            while api.told() < MANY:
                most = max(most, machines.memory(process.pid))
                time.sleep(0.2)
    yield Figure(f"memory of a worker over {MANY:,} texts, at most", most, "MB")
    yield Figure("of that, grown since the first tenth", most - early, "MB")


def _pace(bench: Bench) -> Iterable[Figure]:
    """Two workers, 50 a second between them, as the API's clock sees it; the first and last second are not whole."""
    bench.set(rate=50, in_flight=32)
    with machines.api(50) as api:
        seconds = _paced(bench, api, workers=2)
    yield Figure("paced at 50/s, two workers: the fullest second", max(seconds), "texts")
    yield Figure("paced at 50/s, two workers: on average", statistics.mean(seconds[2:-1]), "texts/s")


def _two_accounts(bench: Bench) -> Iterable[Figure]:
    """Four workers; one account as before, alone and then beside one that always hears that it is too much."""
    throttled = Bench(50, 32, "Throttled", THROTTLED)
    with machines.api(50) as api:
        alone = _paced(bench, api, workers=4)
        waiting = throttled.campaign(2_000)
        throttled.run(waiting)
        beside = _paced(bench, api, workers=4)
        throttled.stop(waiting)
        assert api.told("throttled"), "the other account was never throttled"
    kept = 100 * statistics.mean(beside[2:-1]) / statistics.mean(alone[2:-1])
    yield Figure("four workers, beside an account that is throttled: of its rate alone", kept, "%")
    yield Figure("four workers, beside an account that is throttled: the fullest second", max(beside), "texts")


def _paced(bench: Bench, api: machines.Api, workers: int) -> list[int]:
    """What the API heard in each clock second of one run; the first two and the last are not whole."""
    before, known = api.told(), len(api.told("seconds"))
    campaign = bench.campaign(50 * (PACED_SECONDS + 10))
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(machines.worker(api.url))
        bench.run(campaign)
        begin = api.wait_for(before + 50)  # they are at work
        time.sleep(max(0.0, PACED_SECONDS - (time.monotonic() - begin)))
        seconds = sorted(api.told("seconds").items())
        bench.stop(campaign)
    return [count for _, count in seconds[known:]]


def _opt_outs(bench: Bench) -> Iterable[Figure]:
    """People who are next in line opt out, a few at a time; how long after the commit the last call of one began."""
    from contacts.models import Suppression
    from contacts.suppressing import suppress

    bench.set(rate=10_000, in_flight=128)
    committed: dict[str, float] = {}
    with machines.api(50) as api:
        campaign = bench.campaign(OPT_OUTS * 2_000)
        with machines.worker(api.url):
            bench.run(campaign)
            for place in range(OPT_OUTS):
                api.wait_for(500 + place * 1_500)
                begun = len(api.told("numbers"))
                next_ones = [f"+999{begun + index:010d}" for index in range(1, 200)]
                suppress(next_ones, source=Suppression.Source.STAFF)
                committed.update(dict.fromkeys(next_ones, time.time()))
            bench.stop(campaign)
            time.sleep(1)
            called = api.told("numbers")
    late = [called[phone] - at for phone, at in committed.items() if called.get(phone, 0.0) > at]
    stopped = sum(phone not in called for phone in committed)
    yield Figure("people who opted out in time to be spared", 100 * stopped / len(committed), "%")
    yield Figure("commit of an opt-out to the last call, at most", 1000 * max(late, default=0.0), "ms")
