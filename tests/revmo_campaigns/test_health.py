"""`/healthz`, with the database and without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from tests.processes import ROOT

ASK_WITHOUT_DATABASE = """
import django
django.setup()
from django.test import Client
answer = Client(SERVER_NAME="localhost").get("/healthz")
print(answer.status_code, answer.json())
"""


@pytest.mark.django_db
def test_it_is_well_while_the_database_answers() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_it_answers_reading_alone() -> None:
    assert Client().post("/healthz").status_code == 405


def test_it_says_that_the_database_is_away(tmp_path: Path) -> None:
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing", "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_DATABASE],
        cwd=ROOT,
        env={**os.environ, **away},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "503 {'status': 'database away'}\n"
