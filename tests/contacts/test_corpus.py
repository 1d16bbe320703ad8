"""Files as people have them, each through the whole preview: the counts add up, and every fault is found in its row."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from contacts import importing
from contacts.models import ContactImport, ImportRow
from contacts.spreadsheets import open_sheet
from tests.fixtures.spreadsheets.corpus import CORPUS, HERE, Specimen

Fate = ImportRow.Fate
each = pytest.mark.parametrize("specimen", CORPUS, ids=lambda one: one.name)


def previewed(path: Path, **answers: object) -> ContactImport:
    record = importing.begin(path.name, "0" * 64, importing.Rules(answers={"settled": True, **answers}))
    importing.preview(record, path)
    return record


@each
def test_the_file_is_the_one_that_the_script_makes(specimen: Specimen) -> None:
    made, kept = specimen.content(), (HERE / specimen.name).read_bytes()
    if specimen.name.endswith(".xlsx"):  # an archive's bytes tell when it was made
        with zipfile.ZipFile(BytesIO(made)) as one, zipfile.ZipFile(BytesIO(kept)) as other:
            names = set(one.namelist()) - {"docProps/core.xml"}
            assert names == set(other.namelist()) - {"docProps/core.xml"}
            assert all(one.read(name) == other.read(name) for name in names)
    else:
        assert made == kept


@each
@pytest.mark.django_db
def test_every_row_has_its_fate(specimen: Specimen) -> None:
    mapping = {"mapping": {"Column B": "first_name"}} if "header_row" in specimen.doubts else {}
    record = previewed(HERE / specimen.name, **mapping)
    if specimen.refused:
        assert record.status == ContactImport.Status.UNREADABLE
        assert specimen.refused in record.problem
        assert not record.import_rows.exists()
        return
    assert (record.status, record.problem) == (ContactImport.Status.PREVIEWED, "")
    rows = {row.number: row for row in record.import_rows.all()}
    rejected = {number: row.reason for number, row in rows.items() if row.fate == Fate.REJECTED}
    assert set(rejected) == set(specimen.rejected), rejected
    assert all(part in rejected[number] for number, part in specimen.rejected.items()), rejected
    assert {number for number, row in rows.items() if row.fate == Fate.SKIPPED} == set(specimen.skipped)
    taken = [row for row in rows.values() if row.fate in ImportRow.TAKEN]
    assert tuple(row.phone for row in taken) == specimen.phones
    assert record.rows == len(rows) == specimen.rows == len(taken) + len(rejected) + len(specimen.skipped)
    if specimen.names:
        assert tuple(row.fields["first_name"] for row in taken) == specimen.names


@each
def test_how_it_is_read_and_what_is_in_doubt(specimen: Specimen) -> None:
    if specimen.refused:
        return
    sheet = open_sheet(HERE / specimen.name)
    assert tuple(doubt.kind for doubt in sheet.doubts) == specimen.doubts
    assert len(sheet.notes) == len(specimen.doubts)
    assert specimen.encoding in ("", sheet.encoding)
    assert specimen.delimiter in ("", sheet.delimiter)
    list(sheet.rows())
    # Whatever is answered, even with what was taken already, is in doubt no more.
    taken = {kind: getattr(sheet, kind) for kind in specimen.doubts}
    answered = open_sheet(HERE / specimen.name, **taken)
    assert answered.doubts == []
    list(answered.rows())


@pytest.mark.django_db
@pytest.mark.parametrize("specimen", [one for one in CORPUS if one.source], ids=lambda one: one.name)
def test_exports_of_other_products_are_recognised_without_a_question(specimen: Specimen) -> None:
    record = importing.begin(specimen.name, "0" * 64, importing.Rules())
    importing.preview(record, HERE / specimen.name)
    assert record.reading["source"] == specimen.source
    assert {"phone", "first_name", "last_name", "email"} <= set(record.reading["mapping"].values())


@pytest.mark.django_db
def test_a_doubt_on_the_page_is_asked_and_another_answer_read() -> None:
    path = HERE / "several-sheets.xlsx"
    record = importing.begin(path.name, "0" * 64, importing.Rules())
    importing.preview(record, path)
    assert record.status == ContactImport.Status.ASKING
    assert [doubt["kind"] for doubt in record.reading["doubts"]] == ["sheet"]
    importing.answer(record, {"sheet": "Old"})
    importing.preview(record, path)
    assert (record.status, record.rows, record.reading["sheet"]) == (ContactImport.Status.PREVIEWED, 1, "Old")
