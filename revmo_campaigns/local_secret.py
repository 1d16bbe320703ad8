"""The signing key of a machine whose environment names none."""

import os
import secrets
from pathlib import Path


def read_or_create(path: Path) -> str:
    """The key kept in `path`, made on first use and readable by its owner alone.

    Two processes that start together agree: the one that loses the exclusive create reads the winner's key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # a whole file or none, unlike open-then-write
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
