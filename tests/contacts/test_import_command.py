"""`manage.py import_contacts`: the same as on the pages, for scripts."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contacts import importing
from contacts.models import Contact, ContactImport, ContactList, Suppression

Capture = pytest.CaptureFixture[str]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def run(capsys: Capture, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of the command."""
    capsys.readouterr()
    try:
        call_command("import_contacts", *arguments, "--json")
        code = 0
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.django_db
def test_the_command_answers_with_every_reject(sheet: Path, capsys: Capture) -> None:
    write(sheet, "Name,Mobile\nJane Doe,2025550100\nBad,12\n")
    code, answer = run(capsys, str(sheet), "--list", "Patients")
    assert code == 1
    reject = answer["rejects"][0]
    assert (answer["rows"], answer["created"], answer["rejected"]) == (2, 1, 1)
    assert (reject["row"], reject["column"], reject["value"]) == (3, "Mobile", "12")
    assert reject["reason"]
    assert [one.first_name for one in ContactList.objects.get(name="Patients").members.all()] == ["Jane"]


@pytest.mark.django_db
def test_a_dry_run_changes_nothing(sheet: Path, capsys: Capture) -> None:
    write(sheet, "Mobile\n2025550100\n")
    code, answer = run(capsys, str(sheet), "--list", "Patients", "--dry-run")
    assert (code, answer["created"]) == (0, 1)
    assert not Contact.objects.exists()
    assert not ContactList.objects.exists()
    assert not ContactImport.objects.exists()


@pytest.mark.django_db
def test_a_column_can_be_named_by_hand(sheet: Path, capsys: Capture) -> None:
    write(sheet, "Reach them at,Note,Rufname\n2025550100,x,Jo\n")
    options = ("--map", "Reach them at=phone", "--map", "Rufname=first_name", "--map", "Note=-")
    assert run(capsys, str(sheet), *options)[0] == 0
    contact = Contact.objects.get()
    assert (contact.first_name, contact.attributes) == ("Jo", {})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--map", "Nothing=phone"), "There is no column “Nothing”"),
        (("--map", "nonsense"), "--map"),
        (("--region", "USA"), "--region"),
        (("--encoding", "klingon"), "klingon"),
    ],
)
def test_the_command_refuses_in_words(sheet: Path, options: tuple[str, ...], sentence: str) -> None:
    write(sheet, "Mobile\n2025550100\n")
    with pytest.raises(CommandError) as refusal:
        call_command("import_contacts", str(sheet), *options)
    assert refusal.value.returncode == 2
    assert sentence in str(refusal.value)
    assert not Contact.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("step", "sentence"), [("confirm", "not waiting"), ("apply", "stopped this import")])
def test_an_import_that_staff_stop_meanwhile_is_refused(
    sheet: Path, step: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(sheet, "Mobile\n2025550100\n")
    taken = getattr(importing, step)

    def stopped(record: ContactImport, *rest: Any) -> None:
        importing.cancel(record)
        taken(record, *rest)

    monkeypatch.setattr(importing, step, stopped)
    with pytest.raises(CommandError, match=sentence) as refusal:
        call_command("import_contacts", str(sheet))
    assert refusal.value.returncode == 2
    assert not Contact.objects.exists()


@pytest.mark.django_db
def test_a_file_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_contacts", "nowhere.csv")


@pytest.mark.django_db
def test_an_opt_out_list_stops_texts_also_to_numbers_never_seen(sheet: Path, capsys: Capture) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane")
    write(sheet, "Number\n2025550100\n2025550101\n2025550101\nnobody\n")
    code, answer = run(capsys, str(sheet), "--opt-outs")
    assert (code, answer["created"], answer["skipped"], answer["rejected"]) == (1, 2, 1, 1)
    assert set(Suppression.objects.standing().values_list("phone", flat=True)) == {"+12025550100", "+12025550101"}
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_rules_and_consent_can_be_given(sheet: Path, capsys: Capture) -> None:
    Contact.objects.create(phone="+12025550100", first_name="Jane")
    write(sheet, "Mobile,Name\n2025550100,Janet\n2025550101,Jo\n")
    options = (
        "--existing",
        "fill",
        "--consent-source",
        "form",
        "--consent-date",
        "2026-03-31",
        "--consent-text",
        "I agree",
    )
    assert run(capsys, str(sheet), *options)[0] == 0
    jane, jo = Contact.objects.order_by("phone")
    assert (jane.first_name, jo.first_name) == ("Jane", "Jo")
    assert [one.consent_source for one in (jane, jo)] == ["form", "form"]
    assert jo.consent_at is not None
    assert (jo.consent_at.isoformat(), jo.consent_text) == ("2026-03-31T12:00:00+00:00", "I agree")


@pytest.mark.django_db
def test_an_import_is_undone_by_its_id(sheet: Path, capsys: Capture) -> None:
    write(sheet, "Mobile\n2025550100\n")
    run(capsys, str(sheet))
    record = ContactImport.objects.get()
    assert run(capsys, "--undo", str(record.pk), "--dry-run")[1]["deleted"] == 1
    assert Contact.objects.count() == 1
    assert run(capsys, "--undo", str(record.pk))[1]["deleted"] == 1
    assert not Contact.objects.exists()
    with pytest.raises(CommandError, match="nothing to undo"):
        call_command("import_contacts", "--undo", str(record.pk))


@pytest.mark.django_db
def test_a_file_refused_in_a_dry_run_leaves_no_trace(sheet: Path) -> None:
    write(sheet, "Color\nred\n")
    with pytest.raises(CommandError, match="No column holds phone numbers"):
        call_command("import_contacts", str(sheet), "--dry-run")
    assert not ContactImport.objects.exists()
