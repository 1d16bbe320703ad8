"""The way from the list of contacts to a file: who may go it, and that it ends whatever dies on the way."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from contacts import exporting
from contacts.models import Contact, ContactExport, StoredFile
from contacts.tasks import purge_imports, work_on_export
from tests.conftest import NOWHERE
from tests.contacts.exports import body, browser_of, cells, exporter, kept, written
from tests.makers import make_contacts, make_list
from tests.processes import start_worker, wait_until, worker

Status = ContactExport.Status
FORM = "/contacts/contactexport/add/"
# Milliseconds; only ever reached by a test that fails.
PATIENCE = 30_000


@pytest.mark.django_db
def test_a_list_a_search_or_everybody() -> None:
    jane, john = make_contacts(2)
    Contact.objects.filter(pk=jane.pk).update(first_name="Jane")
    make_list([john], "Patients")
    listed = make_list([jane], "Staff")
    client = browser_of(exporter())
    for query, which, wanted in [
        (f"lists__id__exact={listed.pk}", "shown", [jane.phone]),
        ("q=jan&o=1&p=0", "shown", [jane.phone]),
        ("q=jan", "all", [jane.phone, john.phone]),
        ("", "shown", [jane.phone, john.phone]),
    ]:
        answer = client.post(f"{FORM}?{query}", {"which": which, "kind": "csv"})
        assert answer["Content-Disposition"].startswith('attachment; filename="contacts-')
        text = body(answer)
        assert text.startswith(b'\xef\xbb\xbf"Phone","First name"')
        assert [line.split('"')[1] for line in text.decode().splitlines()[1:]] == wanted
        written_by_worker = cells(kept(written(query=query if which == "shown" else "")))
        assert [row[0] for row in written_by_worker[1:]] == wanted
    page = client.get(f"{FORM}?lists__id__exact={listed.pk}").content.decode()
    assert "1 contact: list: Staff" in page
    assert "All 2 contacts" in page


@pytest.mark.django_db
def test_only_who_may_take_contacts_out_can() -> None:
    make_contacts(1)
    owner = exporter()
    record = written(owner)
    pages = [FORM, *(reverse(f"admin:contacts_contactexport_{page}", args=[record.pk]) for page in ("change", "file"))]
    for permissions in (("view_contact",), ("view_contact", "view_contactexport"), ("add_contactexport",)):
        client = browser_of(exporter(*permissions))
        assert [client.get(page).status_code for page in pages] == [403, 403, 403]
        assert client.post(FORM, {"which": "shown", "kind": "csv"}).status_code == 403
        assert b"contactexport" not in client.get("/contacts/contact/").content
    assert ContactExport.objects.count() == 1
    another = browser_of(exporter())
    assert [another.get(page).status_code for page in pages] == [200, 404, 404]
    assert record.file_name not in another.get("/contacts/contactexport/").content.decode()
    own = browser_of(owner)
    assert [own.get(page).status_code for page in pages] == [200, 200, 200]
    assert b"contactexport/add" in own.get("/contacts/contact/").content
    answer = own.get(pages[2])
    assert int(answer["Content-Length"]) == len(body(answer))


@pytest.mark.django_db
def test_looking_at_the_form_takes_and_changes_nothing() -> None:
    make_contacts(1)
    client = browser_of(exporter())
    for query in ("", "?which=shown&kind=csv", "?email__regex=x", "?lists__id__exact=x"):
        answer = client.get(f"{FORM}{query}")
        assert answer.status_code in (200, 302)
        assert b"+1202555" not in answer.content
    assert not ContactExport.objects.exists()


@pytest.mark.django_db
def test_more_than_a_sheet_holds_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    make_contacts(3)
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)
    client = browser_of(exporter())
    assert "Take CSV" in client.post(FORM, {"which": "shown", "kind": "xlsx"}).content.decode()
    assert "required" in client.post(FORM, {"kind": "xlsx"}).content.decode()
    assert not ContactExport.objects.exists()
    assert body(client.post(FORM, {"which": "shown", "kind": "csv"})).count(b"+1202555") == 3
    assert LogEntry.objects.get().change_message == "Exported 3 contacts as CSV."


@pytest.mark.django_db
def test_the_page_counts_until_the_file_is_there() -> None:
    make_contacts(3)
    client = browser_of(exporter())
    page = client.post(FORM, {"which": "shown", "kind": "xlsx"})["Location"]
    record = ContactExport.objects.get()
    poll = {"HX-Request": "true"}
    waiting = client.get(page, headers=poll).content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    assert "<html" not in waiting
    work_on_export(record.pk)
    ready = client.get(page, headers=poll).content.decode()
    assert "hx-trigger" not in ready
    assert reverse("admin:contacts_contactexport_file", args=[record.pk]) in ready
    assert "3 contacts" in ready


@pytest.mark.django_db
def test_a_file_goes_after_a_day() -> None:
    make_contacts(1)
    user = exporter()
    record, waiting = written(user), exporting.begin("", "late.xlsx", 1, user)
    purge_imports()
    assert kept(record)
    ContactExport.objects.update(requested_at=timezone.now() - timedelta(hours=25))
    purge_imports()
    record.refresh_from_db()
    waiting.refresh_from_db()
    assert (record.status, record.stored_file, StoredFile.objects.count()) == (Status.EXPIRED, None, 0)
    assert waiting.status == Status.FAILED
    page = reverse("admin:contacts_contactexport_change", args=[record.pk])
    assert "deleted after a day" in browser_of(user).get(page).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_file_is_followed_by_another(tmp_path: Path) -> None:
    make_contacts(12_000)
    record = exporting.begin("", "contacts.xlsx", 12_000, exporter())
    work_on_export.defer(export_id=record.pk)
    first = start_worker(NOWHERE, TMPDIR=str(tmp_path))  # it cannot tidy up
    wait_until(lambda: ContactExport.objects.filter(pk=record.pk, rows__gt=0).exists())
    first.kill()
    first.wait()
    record.refresh_from_db()
    assert (record.status, record.stored_file) == (Status.WAITING, None)
    assert 0 < record.rows < 12_000
    # As if the time had passed after which nobody is believed to work on it.
    ContactExport.objects.update(touched_at=timezone.now() - timedelta(minutes=1))
    with worker(NOWHERE):
        wait_until(lambda: ContactExport.objects.filter(pk=record.pk, status=Status.READY).exists())
    record.refresh_from_db()
    table = cells(kept(record))
    assert (record.rows, len(table), len({row[0] for row in table})) == (12_000, 12_001, 12_001)


@pytest.mark.django_db(transaction=True)
def test_from_the_list_to_the_file(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    make_list(make_contacts(3)[:2], "Patients")
    User.objects.create_superuser("dana", "dana@example.com", "a password of length")
    page.set_default_timeout(PATIENCE)
    page.goto(live_server.url)
    page.get_by_label("Username").fill("dana")
    page.locator("input[name=password]").fill("a password of length")
    page.locator("button[type=submit]").click()
    page.get_by_role("link", name="Lists").click()
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_label("2 contacts: list: Patients").check()
    with worker(NOWHERE):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "got.xlsx")
    assert len(cells((tmp_path / "got.xlsx").read_bytes())) == 3
    page.goto(f"{live_server.url}/contacts/contact/")
    page.get_by_role("link", name="Export").click()
    page.get_by_label("All 3 contacts").check()
    page.get_by_label("CSV, at once").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "got.csv")
    assert (tmp_path / "got.csv").read_text(encoding="utf-8-sig").count("+1202555") == 3
