"""`make demo`: what it refuses, and one life of it with all its processes."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.db import connection

from campaigns.models import Mode
from revmo_campaigns import demo, embedded_postgres
from tests.makers import make_send
from tests.processes import ROOT, free_port, wait_until


class TestPorts:
    def test_a_port_in_use_is_named_with_the_way_out(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            with pytest.raises(demo.CannotStart, match=f"Port {taken} is taken.*make demo SIMULATOR_PORT={taken + 1}"):
                demo.check_ports(free_port(), taken)

    def test_free_ports_will_do(self) -> None:
        demo.check_ports(free_port(), free_port())

    def test_one_port_cannot_serve_two(self) -> None:
        with pytest.raises(demo.CannotStart, match="both 8000"):
            demo.check_ports(8000, 8000)

    @pytest.mark.parametrize("given", ["eighty", "0", "65536", "-1", "8000.0"])
    def test_what_is_no_port_is_refused(self, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", given)
        with pytest.raises(demo.CannotStart, match=f"PORT must be a port.*{given}"):
            demo.port_of("PORT", 8000)

    def test_without_a_port_the_usual_one_is_meant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "")
        assert demo.port_of("PORT", 8000) == 8000


@pytest.mark.django_db
class TestClaim:
    """The test's database has tables and is not where the project keeps its own, like one of DATABASE_URL."""

    @pytest.fixture(autouse=True)
    def _elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded_postgres, "is_embedded", lambda: False)

    def test_a_database_with_tables_and_without_the_mark_is_somebody_elses(self) -> None:
        with pytest.raises(demo.CannotStart, match="not made by the demo"):
            demo.claim_database()

    def test_the_embedded_one_is_taken_and_marked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as embedded:
            embedded.setattr(embedded_postgres, "is_embedded", lambda: True)
            demo.claim_database()
        demo.claim_database()  # by its mark

    def test_an_empty_one_is_taken(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path TO pg_temp")
        demo.claim_database()

    def test_one_that_has_texted_for_real_is_never_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded_postgres, "is_embedded", lambda: True)
        demo.claim_database()
        make_send(mode=Mode.LIVE)

        with pytest.raises(demo.CannotStart, match="texted real people"):
            demo.claim_database()


def processes_of(data_dir: Path) -> set[int]:
    """All that carry this DATA_DIR in their environment, PostgreSQL's processes among them."""
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"DATA_DIR={data_dir}".encode() in variables:
                found.add(int(process.name))
    return found


class Demo:
    """`manage.py demo` on data of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir, self.port, self.said = data_dir, free_port(), data_dir / "said"
        environment = {**os.environ, "DATA_DIR": str(data_dir), "DATABASE_URL": "", "REVMO_API_KEY": "a key"}
        environment |= {"PORT": str(self.port), "SIMULATOR_PORT": str(free_port())}
        environment.pop("MAKELEVEL", None)
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment, stdout=said, stderr=said
            )

    def wait_until_ready(self) -> None:
        """Wait for its line."""
        line = f"Revmo Campaigns is ready: http://127.0.0.1:{self.port}/ (sign in as demo / demo)\n"
        wait_until(lambda: line in self.said.read_text())

    def status_of(self, path: str) -> int:
        """What the web server answers."""
        asking = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            asking.request("GET", path)
            return asking.getresponse().status
        finally:
            asking.close()


class TestLife:
    @pytest.fixture
    def data_dir(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
            for pid in processes_of(Path(folder)):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not processes_of(Path(folder)))

    def test_it_runs_dies_and_comes_back_to_its_data(self, data_dir: Path) -> None:
        first = Demo(data_dir)
        first.wait_until_ready()
        assert first.status_of("/login/") == 200
        assert first.status_of("/healthz") == 200
        server = self.server(data_dir)

        first.process.kill()
        first.process.wait()
        wait_until(lambda: all(self.is_of_postgres(pid) for pid in processes_of(data_dir)), patience=5)
        assert self.server(data_dir) == server

        second = Demo(data_dir)
        second.wait_until_ready()
        assert self.server(data_dir) == server

        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(20) == 0
        wait_until(lambda: not processes_of(data_dir), patience=5)

    def server(self, data_dir: Path) -> str:
        return (data_dir / "postgres" / "postmaster.pid").read_text().split()[0]

    def is_of_postgres(self, pid: int) -> bool:
        try:
            return "postgres" in Path(f"/proc/{pid}/comm").read_text()
        except FileNotFoundError:
            return True
