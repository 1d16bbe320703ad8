"""The main job, end to end: a spreadsheet, a launch, a real worker, the simulator over sockets, receipts by webhook."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import openpyxl
import pytest
from django.core.management import call_command

from campaigns.models import Send
from contacts.models import Suppression
from simulator.config import Config
from simulator.server import Simulator
from tests.makers import make_account, make_agent
from tests.processes import PATIENCE, ROOT, environment, free_port, manage, wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = f"whsec_{base64.b64encode(b'only for this test, not a secret').decode()}"
# What stands in the cell, and a word that its reason must have.
FAULTS = {
    "": "no number",
    "123": "missing",
    "not a number": "letters",
    "1.20256E+10": "rounded",
    "(202) 555-0123 ext. 5": "extension",
}


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A hundred people as people type them, every twentieth of them with a fault."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Name", "Cell Phone", "City"])
    faults = iter(FAULTS)
    for index in range(100):
        spellings = (f"(202) 456-{index:04d}", f"+1202456{index:04d}", 2024560000 + index, f"1-202-456-{index:04d}")
        phone = next(faults) if index % 20 == 10 else spellings[index % 4]
        page.append([f"Person {index}", phone, "Washington"])
    path = tmp_path / "patients.xlsx"
    book.save(path)
    return path


@pytest.fixture
def web() -> Iterator[str]:
    """A web process of ours; yields its origin."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--workers", "1", "revmo_campaigns.wsgi:application"],
        cwd=ROOT,
        env=environment("http://127.0.0.1:9", REVMO_WEBHOOK_SECRETS=SECRET),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    try:
        wait_until(answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def test_from_a_spreadsheet_to_delivered_threads(sheet: Path, web: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_agent(make_account(messages_per_second=200), is_default=True)
    config = Config(port=0, delivery_delay=0.05, webhook_url=f"{web}/webhooks/revmo/", webhook_secret=SECRET)
    with Simulator(config).running() as simulator, worker(simulator.url):
        imported = manage("import_contacts", str(sheet), "--list", "Patients", "--json", api_url=simulator.url)
        assert imported.returncode == 1
        answer = json.loads(imported.stdout)
        assert (answer["rows"], answer["created"], answer["rejected"]) == (100, 95, 5)
        assert [reject["value"] for reject in answer["rejects"]] == list(FAULTS)
        for reject in answer["rejects"]:
            assert FAULTS[reject["value"]] in reject["reason"]
        assert [reject["row"] for reject in answer["rejects"]] == [12, 32, 52, 72, 92]

        message = "Hi {{ first_name }} in {{ city }}"
        create = ("campaign", "create", "--name", "Spring", "--list", "Patients", "--message", message, "--any-hour")
        campaign = json.loads(manage(*create, "--json", api_url=simulator.url).stdout)["id"]
        launched = manage("campaign", "launch", str(campaign), "--wait", "--json", api_url=simulator.url)
        assert launched.returncode == 0, launched.stderr
        status = json.loads(launched.stdout)
        assert (status["status"], status["total"], status["sends"]["accepted"]) == ("finished", 95, 95)

        def delivered() -> bool:
            return Send.objects.filter(campaign=campaign, delivery="delivered").count() == 95

        wait_until(delivered)
        ledger = simulator.ledger()["numbers"]
        assert len(ledger) == 95
        assert {(one["requests"], one["accepted"]) for one in ledger.values()} == {(1, 1)}
        capsys.readouterr()
        call_command("campaign", "sends", str(campaign), "--json")
        threads = [json.loads(line)["thread_id"] for line in capsys.readouterr().out.splitlines()]
        assert len(set(threads)) == 95
        assert all(threads)


def test_a_stop_that_comes_back_suppresses_the_number(web: str, tmp_path: Path) -> None:
    make_agent(make_account(), is_default=True)
    config = Config(port=0, delivery_delay=0.05, webhook_url=f"{web}/webhooks/revmo/", webhook_secret=SECRET)
    with Simulator(config).running() as simulator, worker(simulator.url):
        path = tmp_path / "stan.csv"
        path.write_text("Name,Phone\nStan Stopper,+12025550196\n")
        manage("import_contacts", str(path), "--list", "Stan", api_url=simulator.url)
        create = ("campaign", "create", "--name", "S", "--list", "Stan", "--message", "Hello", "--any-hour", "--json")
        campaign = json.loads(manage(*create, api_url=simulator.url).stdout)["id"]
        manage("campaign", "launch", str(campaign), "--wait", "--json", api_url=simulator.url)
        wait_until(lambda: Suppression.objects.standing().filter(phone="+12025550196").exists())
        again = json.loads(manage(*create, api_url=simulator.url).stdout)["id"]
        refused = manage("campaign", "launch", str(again), api_url=simulator.url)
        assert refused.returncode == 2
        assert "Nobody would get this text" in refused.stderr
        assert simulator.ledger()["numbers"]["+12025550196"] == {"requests": 1, "accepted": 1}
