"""A cell corrected on the page."""

from pathlib import Path

import pytest

from contacts import importing
from contacts.importing import CannotImport
from contacts.models import Contact
from tests.contacts.imports import counts, fates, imported, staged

pytestmark = pytest.mark.django_db
ROWS = "Phone,First name,Note\n2025550100,Jane,a\n20255,Tom,b\n2025550100,Ann,c\n"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_a_corrected_row_is_taken(sheet: Path) -> None:
    record = staged(sheet, ROWS)
    before = record.version
    row = importing.fix(record, 3, {0: "202 555 0101"})
    assert (row.fate, row.phone, row.edited, row.reason) == ("created", "+12025550101", True, "")
    assert row.cells == ["202 555 0101", "Tom", "b"]
    assert (counts(record), record.rows) == ((2, 0, 0, 1, 0), 3)
    assert record.version == before + 1
    importing.confirm(record)
    importing.apply(record)
    assert set(Contact.objects.values_list("phone", "first_name")) == {
        ("+12025550100", "Jane"),
        ("+12025550101", "Tom"),
    }


def test_a_row_that_is_still_wrong_says_why(sheet: Path) -> None:
    record = staged(sheet, ROWS)
    row = importing.fix(record, 3, {0: "call me"})
    assert (row.fate, row.column, row.value) == ("rejected", "Phone", "call me")
    assert counts(record) == (1, 0, 0, 1, 1)


def test_a_row_corrected_into_a_duplicate_is_skipped(sheet: Path) -> None:
    record = staged(sheet, ROWS)
    assert "row 2" in importing.fix(record, 3, {0: "2025550100"}).reason
    assert counts(record) == (1, 0, 0, 2, 0)


def test_a_duplicate_can_be_given_its_own_number(sheet: Path) -> None:
    record = staged(sheet, ROWS)
    importing.fix(record, 4, {0: "2025550102"})
    assert fates(record) == {2: "created", 3: "rejected", 4: "created"}


def test_a_row_that_is_taken_stays_as_it_is(sheet: Path) -> None:
    record = staged(sheet, ROWS)
    with pytest.raises(CannotImport, match="taken already"):
        importing.fix(record, 2, {0: "2025550109"})


def test_after_the_confirmation_nothing_is_corrected(sheet: Path) -> None:
    with pytest.raises(CannotImport, match="no preview"):
        importing.fix(imported(sheet, ROWS), 3, {0: "2025550101"})


def test_a_long_cell_survives_a_correction_beside_it(sheet: Path) -> None:
    record = staged(sheet, f"Phone,Note\n20255,{'x' * 900}\n")
    importing.fix(record, 2, {0: "2025550101"})
    importing.confirm(record)
    importing.apply(record)
    assert Contact.objects.get().attributes == {"note": "x" * 900}
