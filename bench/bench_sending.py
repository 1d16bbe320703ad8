"""Sending: the guide's loop, bare threads and our worker, against an API that answers after 50 ms."""

import os
import statistics
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from bench import machines
from bench.baselines import Figure
from bench.database import Bench, prepared

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = 4.0
IN_FLIGHT = 128
BODY = {
    "agentId": "YWdlbnQ=",
    "to": "+9990000000001",
    "override": "Hello there, your visit is tomorrow at nine. Reply STOP to end.",
    "metadata": {"city": "Washington"},
}
HEADERS = {"Authorization": "Bearer simulator"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: texts a second, CPU of the sender and of PostgreSQL in µs for each text."""

    rate: float
    cpu: float
    database_cpu: float = 0.0


def run() -> Iterable[Figure]:
    """All three in turn, `ROUNDS` times; medians."""
    with prepared(in_flight=IN_FLIGHT) as bench, machines.api(50) as api:
        loops, bare, ours = [], [], []
        for _ in range(ROUNDS):
            loops.append(_loop(api))
            bare.append(_threads(api))
            ours.append(_worker(api, bench))
    loop = statistics.median(one.rate for one in loops)
    threads = statistics.median(one.rate for one in bare)
    rate = statistics.median(one.rate for one in ours)
    threads_cpu = statistics.median(one.cpu for one in bare)
    cpu = statistics.median(one.cpu for one in ours)
    database = statistics.median(one.database_cpu for one in ours)
    yield Figure("the guide's loop, 50 ms", loop, "texts/s")
    yield Figure("bare threads with a Session each, 128 in flight", threads, "texts/s")
    yield Figure("our worker, 128 in flight", rate, "texts/s")
    yield Figure("our worker against the loop", rate / loop, "times")
    yield Figure("our worker against bare threads", 100 * rate / threads, "%")
    yield Figure("CPU of bare threads", threads_cpu, "µs/text")
    yield Figure("CPU of our worker", cpu, "µs/text")
    yield Figure("CPU of PostgreSQL for our worker", database, "µs/text")
    yield Figure("CPU of our worker against bare threads", cpu / threads_cpu, "times")
    yield Figure("the same with PostgreSQL's", (cpu + database) / threads_cpu, "times")
    yield from _two_workers()


def _two_workers() -> Iterable[Figure]:
    """One worker with all the connections that it can use, and two with as many each; the API takes 200 ms."""
    one, two = [], []
    with prepared(in_flight=IN_FLIGHT) as bench, machines.api(200) as api:
        for _ in range(ROUNDS):
            bench.set(rate=10_000, in_flight=IN_FLIGHT)
            one.append(_rate(api, bench, 1))
            bench.set(rate=10_000, in_flight=2 * IN_FLIGHT)
            two.append(_rate(api, bench, 2))
    yield Figure("one worker, 200 ms", statistics.median(one), "texts/s")
    yield Figure("two workers, 200 ms", statistics.median(two), "texts/s")
    yield Figure("two workers against one, 200 ms", statistics.median(two) / statistics.median(one), "times")


def _rate(api: machines.Api, bench: Bench, workers: int) -> float:
    """Between the first and the last part, once the workers have shared the connections."""
    amount = 5_000 * workers
    campaign = bench.campaign(amount)
    before = api.told()
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(machines.worker(api.url))
        bench.wait_for_workers(workers)
        bench.run(campaign)
        begin, sent = api.wait_for(before + amount // 5), api.told()
        end = api.wait_for(before + amount * 4 // 5)
        sent = api.told() - sent
        api.wait_for(before + amount)
    return float(sent / (end - begin))


def _loop(api: machines.Api) -> Measured:
    before, begin, used = api.told(), time.monotonic(), time.process_time()
    while time.monotonic() - begin < SECONDS / 2:
        requests.post(f"{api.url}/v1/startsms/", json=BODY, headers=HEADERS, timeout=30)
    return _since(api.told() - before, begin, used)


def _threads(api: machines.Api) -> Measured:
    ends = time.monotonic() + SECONDS
    before, begin, used = api.told(), time.monotonic(), time.process_time()

    def send() -> None:
        session = requests.Session()
        session.mount("http://", HTTPAdapter(pool_maxsize=1))
        while time.monotonic() < ends:
            session.post(f"{api.url}/v1/startsms/", json=BODY, headers=HEADERS, timeout=30)

    threads = [threading.Thread(target=send) for _ in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _since(api.told() - before, begin, used)


def _since(sent: int, begin: float, used: float) -> Measured:
    return Measured(sent / (time.monotonic() - begin), (time.process_time() - used) / sent * 1e6)


def _worker(api: machines.Api, bench: Bench) -> Measured:
    """Between the first and the last part of a campaign, so that starting and ending do not count."""
    amount = 12_000
    campaign = bench.campaign(amount)
    postmaster = int((settings.DATA_DIR / "bench" / "postgres" / "postmaster.pid").read_text().split()[0])
    before = api.told()
    with machines.worker(api.url) as process:
        bench.run(campaign)
        begin = api.wait_for(before + amount // 6)
        used, database, sent = machines.cpu(process.pid), machines.postgres_cpu(postmaster), api.told()
        end = api.wait_for(before + amount * 5 // 6)
        sent = api.told() - sent
        used, database = machines.cpu(process.pid) - used, machines.postgres_cpu(postmaster) - database
        api.wait_for(before + amount)
    return Measured(sent / (end - begin), used / sent * 1e6, database / sent * 1e6)
