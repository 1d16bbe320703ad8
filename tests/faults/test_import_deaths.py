"""An importer that dies by kill -9, again and again, at every step: the end is the same, and nothing is done twice."""

import signal
import subprocess
import sys

import pytest

from contacts import importing
from contacts.models import Contact, ContactImport, ContactList, Membership
from tests.processes import ROOT, environment, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 3_000
DEATHS = 2
# A process of its own, with short transactions, so that there are many moments to die in.
STEP = """
import django; django.setup()
from contacts import importing
from contacts.importing import applying, staging, undoing
from contacts.models import ContactImport
staging.FIRST_BATCH = staging.BATCH = applying.CHUNK = applying.CHUNK_OF_OPT_OUTS = undoing.CHUNK = 100
importing.{step}(ContactImport.objects.get(pk={pk}))
"""


def sheet() -> bytes:
    """Half of the people are known already; every tenth row is a duplicate, every hundredth is rejected."""
    lines = ["Phone,First name,City"]
    for index in range(ROWS):
        phone = f"20{2 + index // 5000}555{index % 5000:04d}" if index % 100 else "12"
        lines.append(f"{phone if index % 10 != 1 else f'202555{index - 1:04d}'},Person {index},Rome")
    return "\n".join(lines).encode()


def received() -> ContactImport:
    Contact.objects.bulk_create(
        Contact(phone=f"+1202555{index:04d}", first_name="Old", attributes={"city": "Bonn"})
        for index in range(0, ROWS, 2)
    )
    rules = importing.Rules(new_list="Everybody", answers={"settled": True, "mapping": {"City": "city"}})
    return importing.receive([sheet()], "people.csv", rules)


def die_again_and_again(record: ContactImport, step: str, position: str) -> None:
    """Kill the process that takes the step each time it got on; then let another finish it."""
    for _ in range(DEATHS):
        record.refresh_from_db()
        before = getattr(record, position)
        process = subprocess.Popen(
            [sys.executable, "-c", STEP.format(step=step, pk=record.pk)],
            cwd=ROOT,
            env=environment("http://127.0.0.1:9", DJANGO_SETTINGS_MODULE="revmo_campaigns.settings"),
        )
        wait_until(lambda: _position(record, position) > before or process.poll() is not None)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was faster than its killer"
    record.refresh_from_db()
    getattr(importing, step)(record)


def _position(record: ContactImport, position: str) -> int:
    return int(ContactImport.objects.values_list(position, flat=True).get(pk=record.pk))


def people() -> list[tuple[object, ...]]:
    return sorted(Contact.objects.values_list("phone", "first_name", "attributes__city"))


def test_a_killed_import_ends_as_one_that_lived() -> None:
    before = received()
    old = people()
    importing.read(before)
    expected = [before.rows, before.created, before.updated, before.unchanged, before.skipped, before.rejected]
    fates = list(before.import_rows.values_list("number", "fate", "reason"))
    importing.cancel(before)

    record = importing.receive(
        [sheet()],
        "people.csv",
        importing.Rules(new_list="Everybody", answers={"settled": True, "mapping": {"City": "city"}}),
    )
    die_again_and_again(record, "read", "read_through")
    assert record.status == ContactImport.Status.PREVIEWED
    assert list(record.import_rows.values_list("number", "fate", "reason")) == fates
    assert people() == old

    importing.confirm(record)
    die_again_and_again(record, "apply", "applied_through")
    counts = [record.rows, record.created, record.updated, record.unchanged, record.skipped, record.rejected]
    assert (record.status, counts) == (ContactImport.Status.IMPORTED, expected)
    assert Contact.objects.count() == len(old) + record.created
    taken = record.created + record.updated + record.unchanged
    assert Membership.objects.filter(contact_list=ContactList.objects.get(name="Everybody")).count() == taken

    importing.begin_undo(record)
    die_again_and_again(record, "undo", "undone_through")
    assert record.status == ContactImport.Status.UNDONE
    assert people() == old
    assert not Membership.objects.exists()
    assert (record.undone["deleted"], record.undone["restored"]) == (record.created, record.updated)
