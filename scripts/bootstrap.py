"""Make `.venv` and install the hash-pinned requirements, with nothing but the standard library.

Runs on any Python 3, so that one that is too old can say so. A second run with unchanged requirements does nothing.
Exit code 2 with a sentence when something is missing on this machine.
"""

import fcntl
import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
# A machine that reaches its packages only through pip's configuration shall not wait long for uv, which ignores that.
UV_ENVIRONMENT = {"UV_HTTP_TIMEOUT": "15", "UV_HTTP_RETRIES": "1"}


def refuse(sentence, output=b""):
    """Say what is missing and how to mend it, after what a program said about it, and end."""
    sys.stderr.write(output.decode("utf-8", "replace"))
    sys.stderr.write(sentence + "\n")
    sys.exit(2)


def check_machine():
    """The version, the module that Debian packages apart, and a folder that we may write to."""
    if tuple(sys.version_info[:2]) < OLDEST:
        refuse(
            "Python {}.{} or later is needed; this is {}.{}. Install one and name it: "
            "make PYTHON=python3.11 setup".format(*(OLDEST + tuple(sys.version_info[:2])))
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        refuse("Python's venv module is missing. Install it with: apt-get install python3-venv")
    if not os.access(ROOT, os.W_OK):
        refuse("{} cannot be written to by this user. Work in a copy of your own, or as its owner.".format(ROOT))


def digest(path):
    """What identifies the requirements and the interpreter that they were installed for."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read() + sys.version.encode()).hexdigest()


def is_done(stamp, wanted):
    """Did an earlier run install exactly this?"""
    if not os.path.exists(PYTHON) or not os.path.exists(stamp):
        return False
    with open(stamp) as file:
        return file.read() == wanted


def run(*command):
    """Run quietly; the caller shows the output of a failure."""
    environment = dict(os.environ, **UV_ENVIRONMENT)
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def make_environment():
    """Have `.venv` with pip in it; one that was left half made is completed."""
    if os.path.exists(PYTHON) and run(PYTHON, "-m", "pip", "--version").returncode == 0:
        return
    made = run(sys.executable, "-m", "venv", VENV)
    if made.returncode != 0:
        refuse("No virtual environment could be made. Install what it needs: apt-get install python3-venv", made.stdout)


def install(requirements):
    """With uv, which takes seconds; with pip alone where uv cannot be had or does not reach the packages."""
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r")
    uv = (PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r")
    if run(*pip, "requirements-uv.txt").returncode == 0 and run(*uv, requirements).returncode == 0:
        return
    done = run(*pip, requirements)
    if done.returncode != 0:
        refuse("The packages could not be installed. Check the network or pip's settings and try again.", done.stdout)


def main():
    """Install what the target needs; `--dev` for the tools of the tests."""
    check_machine()
    requirements = "requirements-dev.txt" if "--dev" in sys.argv[1:] else "requirements.txt"
    wanted = digest(os.path.join(ROOT, requirements))
    stamp = os.path.join(VENV, "." + requirements)
    if is_done(stamp, wanted):
        return
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # of two targets at once one installs, and the other finds it done
        if is_done(stamp, wanted):
            return
        sys.stderr.write("Installing {} into .venv ...\n".format(requirements))
        make_environment()
        install(requirements)
        with open(stamp, "w") as file:
            file.write(wanted)
    finally:
        os.close(folder)


if __name__ == "__main__":
    main()
