"""The pages of an import: who may do what, nothing on a GET, and what they say."""

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from procrastinate.contrib.django.models import ProcrastinateJob

from contacts import importing
from contacts.models import Contact, ContactImport, ContactList, ImportRow, Suppression
from tests.contacts.imports import imported, staged

pytestmark = pytest.mark.django_db
LEVERS = ("answer", "fix", "confirm", "cancel", "undo")
ROWS = "Phone,First name\n2025550100,Jane\n12,Tom\n"


def address(page: str, record: ContactImport | None = None) -> str:
    return reverse(f"admin:contacts_contactimport_{page}", args=[record.pk] if record else [])


def staff(*permissions: str, name: str = "dana") -> Client:
    user = User.objects.create_user(name, password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.fixture
def editor() -> Client:
    return staff("view_contactimport", "add_contactimport", "undo_contactimport", "add_suppression")


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("lever", LEVERS)
def test_nothing_happens_on_a_get_or_without_the_permission(sheet: Path, editor: Client, lever: str) -> None:
    record = staged(sheet, ROWS)
    viewer = staff("view_contactimport", name="viewer")
    assert editor.get(address(lever, record)).status_code == 405
    assert viewer.post(address(lever, record), {"row": "3", "cell_0": "2025550101"}).status_code == 403
    before = ContactImport.objects.values().get()
    record.refresh_from_db()
    assert ContactImport.objects.values().get() == before
    assert record.status == ContactImport.Status.PREVIEWED


@pytest.mark.parametrize("page", ["add", "opt_outs"])
def test_only_those_who_may_import_see_the_forms(page: str) -> None:
    assert staff("view_contactimport").get(address(page)).status_code == 403


def test_an_opt_out_list_needs_the_permission_for_opt_outs() -> None:
    assert staff("view_contactimport", "add_contactimport").get(address("opt_outs")).status_code == 403


def test_an_upload_is_kept_and_handed_to_a_worker(editor: Client) -> None:
    patients = ContactList.objects.create(name="Patients")
    jobs = ProcrastinateJob.objects.count()
    form = {
        "file": SimpleUploadedFile("<script>.csv", ROWS.encode()),
        "lists": [patients.pk],
        "new_list": "March",
        "region": "GB",
        "existing": "fill",
        "consent_source": "form",
        "consent_day": "2026-03-31",
        "consent_text": "I agree",
    }
    response = editor.post(address("add"), form, follow=True)
    assert "<script>.csv" not in text_of(response)
    record = ContactImport.objects.get()
    assert (record.file_name, record.region, record.existing, record.new_list) == (
        "<script>.csv",
        "GB",
        "fill",
        "March",
    )
    assert (list(record.lists.all()), record.consent_source, record.consent_text) == ([patients], "form", "I agree")
    assert record.consent_at is not None
    assert record.consent_at.isoformat() == "2026-03-31T12:00:00+00:00"
    assert record.uploaded_by is not None
    assert ProcrastinateJob.objects.count() == jobs + 1
    assert not Contact.objects.exists()


def test_a_consent_without_a_source_and_a_day_to_come_are_refused(editor: Client) -> None:
    form = {
        "file": SimpleUploadedFile("a.csv", b"x"), "region": "US", "existing": "update", "consent_day": "2999-01-01",
    }  # fmt: skip
    page = text_of(editor.post(address("add"), form))
    assert "Say where the consent comes from" in page
    assert "has not come yet" in page
    assert not ContactImport.objects.exists()


def test_the_preview_shows_rows_by_their_fate_and_finds_them(sheet: Path, editor: Client) -> None:
    Contact.objects.create(phone="+12025550101", first_name="Joe")
    record = staged(sheet, "Phone,First name\n2025550100,Jane\n2025550101,Joseph\n12,Tom\n2025550100,Jill\n")
    assert "Digits are missing." in text_of(editor.get(address("change", record)))
    assert "Joe</s> → Joseph" in text_of(editor.get(address("change", record), {"fate": "updated"}))
    assert "stands in row 2 already" in text_of(editor.get(address("change", record), {"fate": "skipped"}))
    assert "Jane" in text_of(editor.get(address("change", record), {"fate": "shared"}))
    found = text_of(editor.get(address("change", record), {"fate": "created", "q": "jane"}))
    assert "Jane" in found
    nobody = text_of(editor.get(address("change", record), {"fate": "created", "q": "zzz"}))
    assert "No row here contains “zzz”" in nobody


def test_a_viewer_sees_the_preview_without_levers(sheet: Path) -> None:
    record = staged(sheet, ROWS)
    page = text_of(staff("view_contactimport").get(address("change", record)))
    assert "Digits are missing." in page
    assert "Check again" not in page
    assert f"Import {1} row" not in page


def test_confirming_on_the_page_needs_its_token(sheet: Path, editor: Client) -> None:
    record = staged(sheet, ROWS)
    page = editor.post(address("confirm", record), {"token": "nonsense"}, follow=True)
    assert "confirmation is damaged" in text_of(page)
    user = User.objects.get(username="dana")
    token = importing.confirmation(record, user)
    editor.post(address("confirm", record), {"token": token})
    record.refresh_from_db()
    assert (record.status, record.confirmed_by) == (ContactImport.Status.IMPORTING, user)
    again = editor.post(address("confirm", record), {"token": token}, follow=True)
    assert "confirmed already by dana" in text_of(again)


def test_a_cell_is_corrected_where_it_stands(sheet: Path, editor: Client) -> None:
    record = staged(sheet, ROWS)
    response = editor.post(
        address("fix", record), {"row": "3", "cell_0": "2025550101", "cell_1": "Tom", "back": "fate=rejected"}
    )
    assert response.headers["Location"] == f"{address('change', record)}?fate=rejected"
    assert record.import_rows.get(number=3).fate == ImportRow.Fate.CREATED
    assert "Nothing was corrected" in text_of(editor.post(address("fix", record), {"row": "x"}, follow=True))


def test_questions_are_asked_and_answered(sheet: Path, editor: Client) -> None:
    record = staged(sheet, "Phone,Shoe size\n2025550100,42\n", answers={})
    page = text_of(editor.get(address("change", record)))
    assert "Shoe size" in page
    refused = editor.post(address("answer", record), {"column_0": "-", "column_1": "-"})
    assert "Say which column holds the phone numbers." in text_of(refused)
    editor.post(address("answer", record), {"column_0": "phone", "column_1": "new:number"})
    record.refresh_from_db()
    assert record.status == ContactImport.Status.UPLOADED
    assert record.answers["mapping"] == {"Phone": "phone", "Shoe size": "shoe_size:number"}
    # The part of the page that waits for the worker gives way to the questions.
    ContactImport.objects.update(status=ContactImport.Status.ASKING)
    assert editor.get(address("change", record), headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_undoing_is_previewed_in_words(sheet: Path, editor: Client) -> None:
    record = imported(sheet, ROWS)
    assert "1 contact will be deleted" in text_of(editor.get(address("undoing", record)))
    assert Contact.objects.exists()
    editor.post(address("undo", record))
    record.refresh_from_db()
    assert record.status == ContactImport.Status.UNDOING
    viewer = staff("view_contactimport", "add_contactimport", name="viewer")
    assert viewer.get(address("undoing", record)).status_code == 403


def test_rejected_rows_are_downloaded_with_the_reason_and_brought_back_under_the_same_rules(
    sheet: Path, editor: Client
) -> None:
    patients = ContactList.objects.create(name="Patients")
    record = imported(sheet, ROWS, lists=[patients], existing=ContactImport.Existing.FILL)
    response: Any = editor.get(address("rejected", record))
    rows = list(load_workbook(BytesIO(b"".join(response.streaming_content))).active.values)  # type: ignore[union-attr]
    assert rows[0] == ("Row", "Why not", "Phone", "First name")
    assert rows[1] == (3, "Digits are missing.", "12", "Tom") or rows[1][2:] == ("12", "Tom")
    form = editor.get(address("add"), {"corrects": str(record.pk)}).context["form"]
    assert (form.initial["existing"], form.initial["lists"]) == ("fill", [patients.pk])


def test_pasted_numbers_become_a_preview(editor: Client) -> None:
    editor.post(address("opt_outs"), {"pasted": "(202) 555-0100\n\n+12025550101\nx\n", "region": "US"})
    record = ContactImport.objects.get()
    importing.read(record)
    assert (record.purpose, record.created, record.rejected) == (ContactImport.Purpose.OPT_OUTS, 2, 1)
    assert not Suppression.objects.exists()
    both = {"pasted": "2025550100", "file": SimpleUploadedFile("a.csv", b"x"), "region": "US"}
    assert "one of the two" in text_of(editor.post(address("opt_outs"), both))


def test_progress_says_how_far_and_how_long(sheet: Path, editor: Client) -> None:
    record = imported(sheet, ROWS)
    ContactImport.objects.update(
        status=ContactImport.Status.IMPORTING,
        rows=4_000,
        created=4_000,
        rejected=0,
        done_rows=1_000,
        step_started_at=timezone.now() - timedelta(seconds=10),
    )
    page = text_of(editor.get(address("change", record)))
    assert "1,000 of 4,000 rows" in page
    left = re.search(r"(\d+) s left", page)
    assert left is not None
    assert 30 <= int(left[1]) < 60  # whoever asks a busy machine waits, and the rate falls meanwhile
    assert 'aria-valuenow="25"' in page
