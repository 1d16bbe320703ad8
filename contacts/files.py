"""Files kept in the database, a piece at a time: nobody ever holds a whole one in memory."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction

from contacts.models import StoredFile, StoredFilePart

PART = 1 << 20  # bytes


def keep(pieces: Iterable[bytes]) -> StoredFile:
    """Store what `pieces` yield, in one transaction."""
    digest = hashlib.sha256()
    size = 0
    with transaction.atomic():
        stored = StoredFile.objects.create()
        for position, content in enumerate(_parts(pieces)):
            StoredFilePart.objects.create(stored_file=stored, position=position, content=content)
            digest.update(content)
            size += len(content)
        stored.size, stored.sha256 = size, digest.hexdigest()
        stored.save()
    return stored


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of one size, the last one shorter."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= PART:
            yield bytes(waiting[:PART])
            del waiting[:PART]
    if waiting:
        yield bytes(waiting)


def stream(stored: StoredFile) -> Iterator[bytes]:
    """The bytes, a part a query."""
    position = 0
    while True:
        part = StoredFilePart.objects.filter(stored_file=stored, position=position).first()
        if part is None:
            return
        yield bytes(part.content)
        position += 1


@contextmanager
def spooled(stored: StoredFile) -> Iterator[Path]:
    """A temporary copy on this machine's disk, gone at the end. Its name says nothing of the file's."""
    with tempfile.NamedTemporaryFile(prefix="revmo-campaigns-", suffix=".bin") as copy:
        for part in stream(stored):
            copy.write(part)
        copy.flush()
        yield Path(copy.name)
