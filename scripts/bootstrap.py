"""Make `.venv` and install the hash-pinned requirements, with nothing but the standard library.

Runs on any Python 3, so that one that is too old can say so. A second run with unchanged requirements does nothing.
Exit code 2 with a sentence when something is missing on this machine.
"""

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)


def refuse(sentence):
    """Say what is missing and how to mend it, and end."""
    sys.stderr.write(sentence + "\n")
    sys.exit(2)


def check_python():
    """The version, and the module that Debian packages apart."""
    if sys.version_info < OLDEST:
        refuse(
            "Python {}.{} or later is needed; this is {}.{}. Install it and run: make PYTHON=python3.11 setup".format(
                *(OLDEST + sys.version_info[:2])
            )
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        refuse("Python's venv module is missing. Install it with: apt-get install python3-venv")


def digest(path):
    """What identifies the requirements and the interpreter that they were installed for."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read() + sys.version.encode()).hexdigest()


def run(*command):
    """Run quietly; the output of a failure is shown by the caller."""
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def install(requirements):
    """With uv, which takes seconds; with pip alone where uv cannot be had or does not reach the packages.

    uv reads none of pip's configuration, so a machine that reaches its packages only through that falls back.
    """
    if run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements-uv.txt").returncode == 0:
        uv = os.path.join(VENV, "bin", "uv")
        done = run(uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", requirements)
        if done.returncode == 0:
            return
    done = run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements)
    if done.returncode != 0:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
        refuse("The packages could not be installed. Check the network or pip's configuration, then run it again.")


def main():
    """Install what the target needs; `--dev` for the tools of the tests."""
    check_python()
    requirements = "requirements-dev.txt" if "--dev" in sys.argv[1:] else "requirements.txt"
    wanted = digest(os.path.join(ROOT, requirements))
    stamp = os.path.join(VENV, "." + requirements)
    if os.path.exists(stamp) and os.path.exists(PYTHON):
        with open(stamp) as file:
            if file.read() == wanted:
                return
    sys.stderr.write(f"Installing {requirements} into .venv ...\n")
    if not os.path.exists(PYTHON):
        made = run(sys.executable, "-m", "venv", VENV)
        if made.returncode != 0:
            sys.stderr.write(made.stdout.decode("utf-8", "replace"))
            refuse(
                "No virtual environment could be made in this folder. Is it writable, and is python3-venv installed?"
            )
    install(requirements)
    with open(stamp, "w") as file:
        file.write(wanted)


if __name__ == "__main__":
    main()
