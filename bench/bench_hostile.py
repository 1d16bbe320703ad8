"""Files that mean harm, uploaded to a real web process and read by a real worker: seconds to a verdict, and memory."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from bench.baselines import Figure
from bench.databases import database
from bench.machines import ROOT, worker
from tests.fixtures.spreadsheets import make
from tests.processes import environment, free_port, wait_until

NOWHERE = "http://127.0.0.1:9"
SIGN_IN = {"username": "bench", "password": "bench"}
MB = 1_000_000
FILES: dict[str, Callable[[], bytes]] = {
    "corner cell.xlsx": make.corner_cells,
    "cell of 300 MB.xlsx": lambda: make.giant_cell(300 * MB),
    "cell of 60 MB.xlsx": lambda: make.giant_cell(60 * MB),
    "lying dimension.xlsx": make.lying_dimension,
    "entity bomb.xlsx": make.billion_laughs,
    "many entries.xlsx": make.many_entries,
    "repeated text.xlsx": make.repeated_text,
    "repeated rows.ods": lambda: make.repeated_rows(4_000_000_000),
    "truncated.xlsx": lambda: make.xlsx({"People": [make.HEADER, *make.PEOPLE]})[:-200],
    "../../wrong extension.pdf": lambda: make.xlsx({"People": [make.HEADER, *make.PEOPLE]}),
    "<script>alert(1)</script>.csv": lambda: make.table().encode(),
    "one line of 150 MB.csv": lambda: b"Phone,Note\n2025550100," + b"9" * (150 * MB),
    "one record of 150 MB.csv": lambda: b'Phone,Note\n2025550100,"' + b"note\n" * (30 * MB) + b'"\n',
    "cells of 40 kB, 100 MB.csv": lambda: b"Phone,Note\n" + (b"2025550100," + b"9" * 40_000 + b"\n") * 2_500,
}


def run() -> Iterable[Figure]:
    """Upload one after another; an ordinary file comes first, so that what is loaded once does not count."""
    with database(), _web() as (url, web), worker(NOWHERE) as reader:
        session = _signed_in(url)
        _verdict(session, url, "ordinary.csv", make.table().encode())
        _verdict(session, url, "ordinary.xlsx", make.xlsx({"People": [make.HEADER, *make.PEOPLE]}))
        before = _peak(web), _peak(reader.pid)
        seconds = {name: _verdict(session, url, name, content()) for name, content in FILES.items()}
        slowest = max(seconds, key=lambda name: seconds[name])
        yield Figure(f"slowest verdict ({slowest})", seconds[slowest], "s")
        yield Figure(f"the web process grew over {len(FILES)} files by", _peak(web) - before[0], "MB")
        yield Figure("the worker grew by", _peak(reader.pid) - before[1], "MB")
        yield Figure("peak memory of the worker", _peak(reader.pid), "MB")


@contextmanager
def _web() -> Iterator[tuple[str, int]]:
    """The address of a web server and the process that serves."""
    from django.contrib.auth import get_user_model

    get_user_model().objects.create_superuser(**SIGN_IN)
    port = free_port()
    command = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, *command, "--blocking-threads", "8", "revmo_campaigns.demo_wsgi:application"],
        cwd=ROOT,
        env=environment(NOWHERE, ALLOWED_HOSTS="127.0.0.1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
        yield f"http://127.0.0.1:{port}", max(_children(process.pid))
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.ConnectionError:
        return False


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _signed_in(url: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{url}/login/")
    answer = session.post(
        f"{url}/login/", {**SIGN_IN, "csrfmiddlewaretoken": session.cookies["csrftoken"], "next": "/"}
    )
    assert "/login/" not in answer.url, answer.status_code
    return session


def _verdict(session: requests.Session, url: str, name: str, content: bytes) -> float:
    """Seconds from the last byte's arrival until the file is refused, asked about, or previewed."""
    from contacts.models import ContactImport

    answer = session.post(
        f"{url}/contacts/contactimport/add/",
        data={"csrfmiddlewaretoken": session.cookies["csrftoken"], "region": "US", "existing": "update"},
        files={"file": (name, content)},
    )
    begin = time.perf_counter()
    assert "/change/" in answer.url, (name, answer.status_code)
    unread = ContactImport.objects.filter(status=ContactImport.Status.UPLOADED)
    wait_until(lambda: not unread.exists(), patience=120)
    return time.perf_counter() - begin


def _peak(pid: int) -> float:
    """What the process has held at most, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1000
