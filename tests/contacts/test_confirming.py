"""A confirmation is bound to the file, the preview and the person, and counts once."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from contacts import importing
from contacts.importing import CannotImport
from contacts.models import ContactImport, RememberedHeader
from contacts.tasks import go_on_with_imports
from tests.contacts.imports import imported, staged

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_the_page_confirms_what_it_showed(sheet: Path) -> None:
    user = User.objects.create(username="dana")
    record = staged(sheet, "Phone\n2025550100\n12\n")
    token = importing.confirmation(record, user)
    importing.fix(record, 3, {0: "2025550101"})
    version = importing.check_confirmation(token, record, user)
    with pytest.raises(CannotImport, match="has changed since"):
        importing.confirm(record, user, version)
    importing.confirm(record, user, importing.check_confirmation(importing.confirmation(record, user), record, user))
    assert (record.status, record.confirmed_by) == (ContactImport.Status.IMPORTING, user)


def test_the_second_of_two_people_is_told_who_was_first(sheet: Path) -> None:
    dana, tom = (User.objects.create(username=name) for name in ("dana", "tom"))
    record = staged(sheet, "Phone\n2025550100\n")
    importing.confirm(record, dana, record.version)
    with pytest.raises(CannotImport, match="confirmed already by dana"):
        importing.confirm(ContactImport.objects.get(pk=record.pk), tom, record.version)


def test_another_person_s_token_another_file_s_and_a_damaged_one_are_refused(sheet: Path, tmp_path: Path) -> None:
    dana, tom = (User.objects.create(username=name) for name in ("dana", "tom"))
    record, other = staged(sheet, "Phone\n2025550100\n"), staged(tmp_path / "other.csv", "Phone\n2025550101\n")
    token = importing.confirmation(record, dana)
    with pytest.raises(CannotImport, match="Somebody else"):
        importing.check_confirmation(token, record, tom)
    with pytest.raises(CannotImport, match="another file"):
        importing.check_confirmation(token, other, dana)
    for damaged in ("", token[:-1], "x" * 40):
        with pytest.raises(CannotImport, match="damaged"):
            importing.check_confirmation(damaged, record, dana)
    ContactImport.objects.filter(pk=record.pk).update(file_sha256="1" * 64)
    record.refresh_from_db()
    with pytest.raises(CannotImport, match="another file"):
        importing.check_confirmation(token, record, dana)


def test_a_day_later_it_is_refused(sheet: Path) -> None:
    user = User.objects.create(username="dana")
    record = staged(sheet, "Phone\n2025550100\n")
    token = importing.confirmation(record, user)
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        with pytest.raises(CannotImport, match="older than a day"):
            importing.check_confirmation(token, record, user)
        importing.purge()
    record.refresh_from_db()
    assert record.status == ContactImport.Status.EXPIRED
    assert not record.import_rows.exists()
    with pytest.raises(CannotImport):
        importing.confirm(record, user)


def test_what_the_columns_meant_is_remembered(sheet: Path) -> None:
    text = "Phone,Reach,Color\n2025550100,Jane,red\n"
    mapping = {"Reach": "first_name", "Color": "-"}
    imported(sheet, text, answers={"settled": True, "mapping": mapping})
    assert RememberedHeader.objects.count() == 1
    record = staged(sheet, text.replace("2025550100", "2025550101"), answers={})
    assert record.status == ContactImport.Status.PREVIEWED
    assert (record.reading["mapping"]["Reach"], record.reading["mapping"]["Color"]) == ("first_name", "-")


def test_unknown_columns_are_asked_about_and_the_answer_is_taken(sheet: Path) -> None:
    record = staged(sheet, "Phone,Shoe size\n2025550100,42\n", answers={})
    assert record.status == ContactImport.Status.ASKING
    assert any("Shoe size" in question for question in record.reading["questions"])
    assert not record.import_rows.exists()
    importing.answer(record, {"settled": True, "mapping": {"Shoe size": "shoe_size:number"}})
    importing.preview(record, sheet)
    assert record.status == ContactImport.Status.PREVIEWED
    assert record.import_rows.get().fields["attributes"] == {"shoe_size": 42}


def test_it_is_too_late_to_answer_after_the_confirmation(sheet: Path) -> None:
    with pytest.raises(CannotImport, match="too late"):
        importing.answer(imported(sheet, "Phone\n2025550100\n"), {"settled": True})


def test_confirmed_files_are_forgotten_after_thirty_days_and_the_history_stays(sheet: Path) -> None:
    stored = importing.receive([b"Phone\n2025550100\n"], "../x/people.csv", importing.Rules(answers={"settled": True}))
    importing.read(stored)
    importing.confirm(stored)
    importing.apply(stored)
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        importing.purge()
    stored.refresh_from_db()
    assert stored.stored_file is not None
    with time_machine.travel(timezone.now() + timedelta(days=30, minutes=1)):
        importing.purge()
    stored = ContactImport.objects.get()
    assert (stored.stored_file_id, stored.created, stored.file_name) == (None, 1, "people.csv")
    assert not stored.import_rows.exists()
    assert stored.purged_at is not None


def test_work_that_nobody_goes_on_with_is_taken_up(sheet: Path) -> None:
    record = importing.receive([b"Phone\n2025550100\n"], "people.csv", importing.Rules())
    jobs = _jobs()
    go_on_with_imports(0)
    assert _jobs() == jobs
    ContactImport.objects.filter(pk=record.pk).update(touched_at=timezone.now() - timedelta(seconds=21))
    go_on_with_imports(0)
    go_on_with_imports(0)
    assert _jobs() == jobs + 1


def test_a_file_that_the_command_line_reads_is_left_to_it(sheet: Path) -> None:
    record = importing.begin("people.csv", "0" * 64, importing.Rules())
    jobs = _jobs()
    for minutes, more in ((1, 0), (11, 1)):
        ContactImport.objects.filter(pk=record.pk).update(touched_at=timezone.now() - timedelta(minutes=minutes))
        go_on_with_imports(0)
        assert _jobs() == jobs + more


def _jobs() -> int:
    from procrastinate.contrib.django.models import ProcrastinateJob

    return int(ProcrastinateJob.objects.filter(task_name="contacts.work_on_import").count())
