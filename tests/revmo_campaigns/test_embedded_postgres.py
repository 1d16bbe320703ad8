"""The embedded server, with real processes that come, go and are killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from revmo_campaigns import embedded_postgres, postgres_processes
from revmo_campaigns.embedded_postgres import DatabaseUnavailable, running, socket_directory
from tests.processes import ROOT, free_port, wait_until

USER = """
import sys
from pathlib import Path
from revmo_campaigns.embedded_postgres import running
with running(Path(sys.argv[1]), durable=False):
    print("in", flush=True)
    sys.stdin.readline()
"""


class User:
    """A process that works with the server until told to leave."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def arrive(self) -> "User":
        """Wait until the server is there for it."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "in\n"
        return self

    def leave(self) -> None:
        """Let the block end."""
        self.process.communicate("go\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        """End it without any block ending."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A cluster for the tests of this module; each finds its server stopped and leaves it stopped."""
    # Not below tmp_path, which belongs to its user alone: as root the server is another user.
    folder = Path(tempfile.mkdtemp())
    with running(folder / "pg", durable=False):
        pass
    yield folder / "pg"
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _stopped(data: Path) -> Iterator[None]:
    yield
    assert not is_up(data)


def is_up(data: Path) -> bool:
    return postgres_processes.pid_of(data) is not None


def show(data: Path, setting: str) -> str:
    address = f"host={socket_directory(data)} port=5432 user=postgres dbname=revmo_campaigns"
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


def test_the_last_user_stops_it(data: Path) -> None:
    first, second = User(data).arrive(), User(data).arrive()
    server = postgres_processes.pid_of(data)

    first.leave()

    assert postgres_processes.pid_of(data) == server
    second.leave()
    assert not is_up(data)


def test_users_that_start_together_share_one_server(data: Path) -> None:
    users = [User(data) for _ in range(4)]
    for user in users:
        user.arrive()
    assert show(data, "data_directory") == str(data)
    for user in users:
        user.leave()


def test_users_that_come_as_others_leave_always_find_it(data: Path) -> None:
    staying = [User(data).arrive()]
    for _ in range(4):
        coming = User(data)
        staying.pop().leave()
        staying.append(coming.arrive())
        assert show(data, "server_version_num") >= "150000"
    staying.pop().leave()


def test_a_killed_user_leaves_a_server_that_the_next_one_adopts(data: Path) -> None:
    User(data).arrive().kill()
    server = postgres_processes.pid_of(data)
    assert server is not None

    second = User(data).arrive()

    assert postgres_processes.pid_of(data) == server
    second.leave()
    assert not is_up(data)


def test_a_killed_server_starts_again(data: Path) -> None:
    with running(data, durable=False):
        server = postgres_processes.pid_of(data)
        assert server is not None
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not is_up(data))
        with running(data, durable=False):
            assert postgres_processes.pid_of(data) not in {None, server}


def test_a_pid_that_another_program_has_by_now_is_no_server(data: Path) -> None:
    stale = f"{os.getpid()}\n{data}\n1700000000\n5432\n{data}\n\n  8826964  65536\nready   \n"
    (data / "postmaster.pid").write_text(stale)
    (data / f"{embedded_postgres.SOCKET}.lock").write_text(stale)
    assert not is_up(data)

    with running(data, durable=False):
        assert show(data, "data_directory") == str(data)


def test_the_server_holds_none_of_our_locks(data: Path) -> None:
    with running(data, durable=False):
        server = postgres_processes.pid_of(data)
        open_files = [os.readlink(entry) for entry in Path(f"/proc/{server}/fd").iterdir()]
    assert not [name for name in open_files if name.endswith((".users", ".lock"))]


def test_a_process_that_we_start_does_not_keep_it_running(data: Path) -> None:
    with running(data, durable=False):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    child.kill()
    child.wait()
    assert not is_up(data)


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_only_a_database_for_tests_may_lose_data(data: Path, durable: bool, fsync: str) -> None:
    with running(data, durable=durable):
        assert show(data, "fsync") == fsync


def test_it_listens_on_no_network_address(data: Path) -> None:
    with running(data, durable=False):
        assert show(data, "listen_addresses") == ""


class TestFirstStart:
    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp())
        yield folder
        shutil.rmtree(folder)

    def test_it_survives_a_kill_in_the_middle_of_the_making(self, folder: Path) -> None:
        torn = folder / "pg.new"
        torn.mkdir()
        (torn / "PG_VERSION").write_text("18\n")

        with running(folder / "pg", durable=False):
            assert show(folder / "pg", "server_encoding") == "UTF8"

        assert not torn.exists()

    def test_it_works_under_a_path_too_long_for_a_socket(self, folder: Path) -> None:
        data = folder / ("long" * 15) / ("longer" * 10) / "pg"
        sockets = socket_directory(data)
        assert sockets != data
        try:
            with running(data, durable=False):
                assert show(data, "data_directory") == str(data)
                assert (sockets.stat().st_mode & 0o777) == 0o700
        finally:
            shutil.rmtree(sockets)

    def test_a_socket_folder_that_somebody_laid_out_for_us_is_refused(self, folder: Path) -> None:
        data = folder / ("long" * 15) / ("longer" * 10) / "pg"
        socket_directory(data).symlink_to(folder)
        try:
            with pytest.raises(DatabaseUnavailable, match="belongs to another user"), running(data, durable=False):
                pass
        finally:
            socket_directory(data).unlink()

    def test_data_of_somebody_else_is_not_touched(self, folder: Path) -> None:
        (folder / "pg").mkdir()
        (folder / "pg" / "letter.txt").write_text("Dear Jane")

        with pytest.raises(DatabaseUnavailable, match="does not start"), running(folder / "pg", durable=False):
            pass

        assert (folder / "pg" / "letter.txt").read_text() == "Dear Jane"

    def test_a_folder_that_cannot_be_made_is_a_sentence(self, folder: Path) -> None:
        (folder / "file").write_text("")
        with pytest.raises(DatabaseUnavailable, match="does not start"), running(folder / "file" / "pg"):
            pass


def test_the_socket_stands_with_the_data_where_its_path_is_short_enough() -> None:
    fits = Path("/" + "d" * (embedded_postgres.LONGEST_SOCKET_PATH - len(embedded_postgres.SOCKET) - 2))
    too_long = Path(f"{fits}d")

    assert socket_directory(fits) == fits
    assert socket_directory(too_long) != too_long
    assert socket_directory(too_long) == socket_directory(too_long)
    assert len(str(socket_directory(too_long) / embedded_postgres.SOCKET)) <= embedded_postgres.LONGEST_SOCKET_PATH


class TestDatabaseUrl:
    NOWHERE = "postgresql://somebody:secret@127.0.0.1:9/nothing"

    def run(self, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        ports = {"PORT": str(free_port()), "SIMULATOR_PORT": str(free_port())}  # somebody's demo may run beside us
        environment = {**os.environ, **ports, "DATABASE_URL": self.NOWHERE, "DATA_DIR": str(folder)}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_with_it_no_server_of_ours_starts(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, "diffsettings").returncode == 0
        assert not (tmp_path / "postgres").exists()

    @pytest.mark.parametrize("command", ["prepare", "demo", "worker"])
    def test_a_server_that_does_not_answer_is_a_sentence(self, tmp_path: Path, command: str) -> None:
        done = self.run(tmp_path, command)

        assert done.returncode == 2
        assert "The database does not answer" in done.stderr
        assert "DATABASE_URL" in done.stderr
        assert "Traceback" not in done.stderr
        assert "secret" not in done.stderr + done.stdout
