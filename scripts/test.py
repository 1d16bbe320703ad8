"""Everything that must hold before a change lands: style, types, migrations, deployment checks, tests.

Exit code 2 with a sentence when the machine lacks something that cannot be installed from here.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Whatever this machine's environment and .env say, nothing here reaches the demo's data or the real Revmo.
APART = {
    "DATA_DIR": str(ROOT / ".local" / "test"),
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "DEBUG": "false",
    "REVMO_API_KEY": "",
    "REVMO_API_URL": "http://127.0.0.1:8900",
    "REVMO_AGENT_ID": "",
    "REVMO_WEBHOOK_SECRETS": "",
    "REVMO_WEBHOOK_TOKEN": "",
    "SECRET_KEY": "",
}
# What `check --deploy` judges: the settings of a machine that faces the public.
PRODUCTION = {
    "ALLOWED_HOSTS": "campaigns.example.com",
    "SECRET_KEY": "only-for-the-check-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "REVMO_API_KEY": "only-for-the-check",
    "REVMO_API_URL": "https://api.revmo.ai",
    "REVMO_WEBHOOK_SECRETS": "whsec_b25seS1mb3ItdGhlLWNoZWNr",
}


def ensure_browser() -> None:
    """Chromium for the browser tests: found, installed as root, or asked for."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, env=quiet, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if any(shutil.which(name) for name in BROWSERS):
            return
    sys.stderr.write("The browser tests need Chromium. Install it with: sudo apt-get install chromium\n")
    sys.exit(2)


def step(name: str, *command: str, **environment: str) -> None:
    """Run one step; the first that fails ends everything with its code."""
    print(f"== {name}", flush=True)
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, env={**os.environ, **APART, **environment}, check=False
    )
    if done.returncode != 0:
        sys.exit(done.returncode)


def main() -> None:
    """All steps, the quick ones first."""
    ensure_browser()
    step("style", "ruff", "check", ".")
    step("format", "ruff", "format", "--check", ".")
    step("types", "mypy", ".")
    step("migrations", "python", "manage.py", "makemigrations", "--check", "--dry-run")
    step("deployment", "python", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    step("tests", "python", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *sys.argv[1:])


if __name__ == "__main__":
    main()
