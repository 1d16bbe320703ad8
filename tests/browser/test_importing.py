"""An import by hand: upload, say what a column means, look, correct a cell, confirm, undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from contacts.models import Attribute, Contact, ContactImport, Suppression
from contacts.suppressing import suppress
from tests.browser.test_main_job import PATIENCE, sign_in
from tests.processes import worker

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def reading_worker(page: Page) -> Iterator[None]:
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    with worker(NOWHERE):
        yield


def test_upload_map_preview_fix_confirm_undo(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    Contact.objects.create(phone="+12025550102", first_name="Joe")
    sheet = tmp_path / "patients.csv"
    sheet.write_text(
        "Mobile,First name,Shoe size\n(202) 555-0101,Maria,39\n202-555-0102,José,42\n2025550,Ann,37\n",
        encoding="utf-8",
    )
    sign_in(page, live_server)
    page.get_by_role("link", name="Import a spreadsheet").first.click()
    page.locator("input[type=file]").set_input_files(sheet)
    page.locator("input[name=new_list]").fill("Patients")
    page.get_by_role("button", name="Show me what it will do").click()

    expect(page.get_by_text("What do the columns of patients.csv mean?")).to_be_visible()
    row = page.get_by_role("row", name="Shoe size")
    expect(row.get_by_text("39", exact=True)).to_be_visible()
    row.get_by_role("combobox").select_option(label="Keep as number")
    page.get_by_role("button", name="Show me what it will do").click()

    expect(page.get_by_text("1 new person, 1 updated. All go on the list “Patients”. 1 row left out.")).to_be_visible()
    page.get_by_role("link", name="1 Updated", exact=True).click()
    expect(page.get_by_text("Joe → José")).to_be_visible()
    page.get_by_role("link", name="1 Rejected", exact=True).click()
    expect(page.get_by_text("The area code is missing.")).to_be_visible()
    page.get_by_label("Mobile, row 4").fill("202 555 0103")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("Row 4: new.")).to_be_visible()
    assert Contact.objects.count() == 1

    page.get_by_role("button", name="Import 3 rows").click()
    expect(page.get_by_text("Done: 2 new, 1 updated.")).to_be_visible()
    assert Contact.objects.get(phone="+12025550103").attributes == {"shoe_size": 37}
    assert Attribute.objects.get().kind == Attribute.Kind.NUMBER

    page.get_by_role("link", name="Undo …").click()
    expect(page.get_by_text("2 contacts will be deleted, 1 will be put back as they were.")).to_be_visible()
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("2 contacts deleted, 1 put back as they were.")).to_be_visible()
    assert list(Contact.objects.values_list("first_name", flat=True)) == ["Joe"]


def test_pasted_numbers_are_texted_no_more(page: Page, live_server: LiveServer) -> None:
    suppress(["+12025550105"], source=Suppression.Source.REPLY, evidence="STOP")
    sign_in(page, live_server)
    page.goto(f"{live_server.url}/contacts/contactimport/opt-outs/")
    page.locator("textarea[name=pasted]").fill("(202) 555-0104\n+1 202 555 0105\nnot a number\n")
    page.get_by_role("button", name="Show me what it will do").click()
    expect(page.get_by_text("1 number will get no more texts, 1 rest already.")).to_be_visible()
    page.get_by_role("button", name="Stop texts to 2 numbers").click()
    expect(page.get_by_text("Done: 1 number will get no more texts.")).to_be_visible()
    assert Suppression.objects.standing().count() == 2
    assert ContactImport.objects.get().rejected == 1


def test_on_a_phone_nothing_runs_out_of_the_page(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    sheet = tmp_path / "patients.csv"
    sheet.write_text("Mobile,First name\n(202) 555-0101,Maria\n12,Tom\n", encoding="utf-8")
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, live_server)
    page.goto(f"{live_server.url}/contacts/contactimport/add/")
    page.locator("input[type=file]").set_input_files(sheet)
    page.get_by_role("button", name="Show me what it will do").click()
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
