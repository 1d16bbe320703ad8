"""Files as people have them become rows with the right numbers; hostile ones become a sentence, soon."""

import csv
import datetime
import io
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import spreadsheets
from contacts.reading import limits, workbooks
from contacts.spreadsheets import open_sheet
from contacts.unreadable import UnreadableFile
from tests.fixtures.spreadsheets import make

Written = Callable[[bytes | str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Puts content into a file whose name says nothing."""

    def write(content: bytes | str) -> Path:
        path = tmp_path / "upload.bin"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def names_of(path: Path, **options: Any) -> list[tuple[int, Any, Any]]:
    return [(number, cells[0], cells[1]) for number, cells in open_sheet(path, **options).rows()]


def refusal_of(path: Path, **options: Any) -> str:
    with pytest.raises(UnreadableFile) as refusal:
        list(open_sheet(path, **options).rows())
    return str(refusal.value)


PEOPLE = [(number, row[0], row[1]) for number, row in enumerate(make.PEOPLE, start=2)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_it_reads_every_encoding_separator_and_line_end(
    written: Written, encoding: str, delimiter: str, end: str
) -> None:
    path = written(make.table(delimiter, end).encode(encoding))
    sheet = open_sheet(path)
    assert (sheet.kind, sheet.columns, sheet.header_row) == ("csv", make.HEADER, 1)
    assert (sheet.delimiter, sheet.notes) == (delimiter, [])
    assert [cells for _, cells in sheet.rows()] == list(make.PEOPLE)


def test_it_reads_utf_16_with_the_mark_of_big_endian(written: Written) -> None:
    assert names_of(written(b"\xfe\xff" + make.table().encode("utf-16-be"))) == PEOPLE


def test_it_says_so_where_it_takes_a_file_for_windows_1252(written: Written) -> None:
    sheet = open_sheet(written(make.table(rows=make.LATIN).encode("cp1252")))
    assert sheet.encoding == "cp1252"
    assert "Windows-1252" in sheet.notes[0]
    assert [cells[1] for _, cells in sheet.rows()] == ["José", "Renée"]


def test_it_refuses_a_file_of_two_encodings_rather_than_damage_names(written: Written) -> None:
    mixed = make.table(rows=make.PEOPLE[:1]).encode() + "+12025550102,Renée,\r\n".encode("cp1252")
    assert "UTF-8 and another is not" in refusal_of(written(mixed))
    assert len(names_of(written(mixed), encoding="cp1252")) == 2  # a person has decided


def test_it_refuses_bytes_that_no_encoding_explains(written: Written) -> None:
    assert "neither UTF-8 nor Windows-1252" in refusal_of(written(b"Phone\n\x81\x8d\n"))


def test_it_refuses_a_file_that_breaks_its_own_mark(written: Written) -> None:
    assert "was read as utf-8-sig, but" in refusal_of(written(b"\xef\xbb\xbfPhone\n+12025550101\xe9\n"))


def test_options_override_what_it_would_decide(written: Written) -> None:
    path = written("Phone;Name,first\n+12025550101;Ann,x\n")
    assert open_sheet(path, delimiter=",").columns == ("Phone;Name", "first")
    assert open_sheet(path, delimiter="semicolon").columns == ("Phone", "Name,first")
    assert open_sheet(written("Phone\tName\n"), delimiter="\\t").delimiter == "\t"
    assert open_sheet(written(make.table(rows=make.LATIN).encode("cp1252")), encoding="cp1252").notes == []
    assert "no encoding “klingon”" in refusal_of(path, encoding="klingon")
    assert "no encoding “rot13”" in refusal_of(path, encoding="rot13")
    assert "one character" in refusal_of(path, delimiter="ab")


def test_it_obeys_the_separator_that_excel_declares(written: Written) -> None:
    sheet = open_sheet(written("sep=;\r\nPhone;Note\r\n+12025550101;a,b,c\r\n"))
    assert (sheet.delimiter, sheet.columns) == (";", ("Phone", "Note"))
    assert list(sheet.rows()) == [(2, ("+12025550101", "a,b,c"))]


def test_separators_inside_quotation_marks_do_not_count(written: Written) -> None:
    rows = "".join(f'"Doe; Jane; {n}",+120255501{n:02}\n' for n in range(30))
    assert open_sheet(written("Name,Phone\n" + rows)).delimiter == ","


def test_it_says_so_where_the_separator_is_in_doubt(written: Written) -> None:
    sheet = open_sheet(written("Phone,a\n+12025550101\n+12025550102,b,c\n+12025550103,d,e,f\n+12025550104,x\n"))
    assert any("separator" in note for note in sheet.notes)


def test_rows_have_the_numbers_that_a_spreadsheet_program_shows(written: Written) -> None:
    content = 'Phone,Note\n\n+12025550101,"two\nlines"\n , \n,\n+12025550102,x\n'
    assert names_of(written(content)) == [(3, "+12025550101", "two\nlines"), (6, "+12025550102", "x")]


def test_nul_characters_that_stray_in_are_left_out(written: Written) -> None:
    assert names_of(written("Phone,Name\n+1202555\x000101,A\x00nn\n")) == [(2, "+12025550101", "Ann")]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ('Phone,Name\n+12025550101,Ann\n+12025550102,"Bob\n+12025550103,Cid\n', 3),
        ('Phone,Name\n+12025550101,"Ann\n+12025550102,"Bob"\n', 2),
        ('Phone,Name\n"+12025550101" x,Ann\n', 2),
        ("Phone,Name\n+12025550101,Ann\n" * 50 + '+12025550102,"Bob\n' + "+12025550103,Cid\n" * 60_000, 101),
    ],
)
def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_row(
    written: Written, content: str, row: int
) -> None:
    refusal = refusal_of(written(content))
    assert refusal.startswith(f"Row {row} cannot be read")
    assert "quotation mark" in refusal


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ('Phone,Note\n+12025550101,"a\n+12025550102,b"\n+12025550103,c\n', 2),
        ('Phone,Note\r+12025550101,"a\r+12025550102,b"\r+12025550103,c\r', 2),
        ('Phone,Note\n+12025550100,x\n+12025550101,"a\n+12025550102,b\n+12025550103,c"\n', 3),
        ('Phone,Note,City\n+12025550101,"a,Rome\n+12025550102,b",Bonn\n', 2),
        ('Name,Phone\n"Jo,+12025550101\nBob",+12025550102\n', 2),
        ('Name,Phone,Note\nEve,+12025550100,z\n"Jo,12,x\nBob,+12025550102,y"\n', 3),
    ],
)
def test_rows_that_a_quotation_mark_swallows_are_missed(written: Written, content: str, row: int) -> None:
    assert refusal_of(written(content)).startswith(f"Row {row}: a quotation mark is opened there and closed only")


def test_an_address_of_several_lines_is_no_swallowed_row(written: Written) -> None:
    address = "12 Main St\nSpringfield, IL\n62701"
    content = f'Phone,Address\n+12025550101,"{address}"\n+12025550102,"1 Rue\r\nParis, France"\n'
    rows = names_of(written(content))
    assert rows == [(2, "+12025550101", address), (3, "+12025550102", "1 Rue\r\nParis, France")]


def test_ragged_rows_keep_all_their_cells(written: Written) -> None:
    rows = "+12025550101,Ann\n" * 3 + "+12025550102\n+12025550103,Bob,surplus\n"
    sheet = open_sheet(written("Phone,Name\n" + rows))
    assert sheet.columns == ("Phone", "Name")
    assert [cells for _, cells in sheet.rows()][-2:] == [("+12025550102", ""), ("+12025550103", "Bob", "surplus")]


def test_columns_have_names_and_different_ones(written: Written) -> None:
    content = "Phone,,Phone,phone, City  name ,,\n+12025550101,x,+12025550102,,y,,\n"
    assert open_sheet(written(content)).columns == ("Phone", "Column B", "Phone (2)", "phone", "City name")


@pytest.mark.parametrize(
    ("content", "header_row", "columns"),
    [
        ("Customers of spring,\n,\nPhone,Name\n+12025550101,Ann\n", 3, ("Phone", "Name")),
        ("Customers\nExport 20240102\nWho,Where to reach\nAnn,+12025550101\n", 3, ("Who", "Where to reach")),
        ("+12025550101,Ann\n+12025550102,Bob\n", 0, ("Column A", "Column B")),
        ("Who,What\nAnn,x\n", 1, ("Who", "What")),
    ],
)
def test_it_finds_the_header(written: Written, content: str, header_row: int, columns: tuple[str, ...]) -> None:
    sheet = open_sheet(written(content))
    assert (sheet.header_row, sheet.columns) == (header_row, columns)
    assert next(sheet.rows())[0] == header_row + 1
    assert any("no header" in note for note in sheet.notes) == (header_row == 0)


def test_many_blank_lines_above_the_header_do_no_harm(written: Written) -> None:
    sheet = open_sheet(written("\n" * 300 + make.table()))
    assert sheet.header_row == 301
    assert [number for number, _ in sheet.rows()] == [302, 303, 304]


def test_a_workbook_keeps_what_its_cells_are(written: Written) -> None:
    row = (12025550101, "José", 1.5, True, datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4), None, "end")
    book = make.xlsx({"People": [("Phone", "Name", "a", "b", "c", "d", "e", "f"), row]})
    sheet = open_sheet(written(book))
    [(number, cells)] = sheet.rows()
    assert (sheet.kind, sheet.sheet, number) == ("xlsx", "People", 2)
    assert cells == (12025550101, "José", 1.5, True, row[4], row[5], "", "end")
    assert [type(cell) for cell in cells[3:6]] == [bool, datetime.date, datetime.datetime]


def test_rows_of_a_workbook_that_begins_further_down_have_their_real_numbers(written: Written) -> None:
    rows: list[tuple[Any, ...]] = [(), (), (None, "Phone"), (), (None, "+12025550101")]
    sheet = open_sheet(written(make.xlsx({"People": rows})))
    assert (sheet.header_row, sheet.columns) == (3, ("Column A", "Phone"))
    assert list(sheet.rows()) == [(5, ("", "+12025550101"))]


def test_it_reads_open_document(written: Written) -> None:
    sheet = open_sheet(written(make.ods()))
    assert (sheet.kind, sheet.columns) == ("ods", ("Phone", "First name"))
    assert list(sheet.rows()) == [(2, (12025550101, "José"))]


def test_it_takes_the_first_sheet_with_data_or_the_one_that_is_named(written: Written) -> None:
    sheets: dict[str, list[tuple[str]]] = {
        "Cover": [],
        "A": [("Phone",), ("+12025550101",)],
        "B": [("Phone",), ("+12025550102",)],
    }
    path = written(make.xlsx(sheets))
    first, named = open_sheet(path), open_sheet(path, sheet="B")
    assert (first.sheet, first.sheets) == ("A", ("Cover", "A", "B"))
    assert "“A” was read" in first.notes[0]
    assert (named.sheet, named.notes) == ("B", [])
    assert [cells for _, cells in named.rows()] == [("+12025550102",)]
    assert refusal_of(path, sheet="C") == "There is no sheet “C”. There are: Cover, A, B."
    assert "“Cover” is empty" in refusal_of(path, sheet="Cover")


def test_a_formula_is_read_as_its_value_and_never_run(written: Written) -> None:
    sheet = open_sheet(written(make.xlsx({"People": [("Phone", "Name"), ("+12025550101", "=1+1")]})))
    assert [cells[0] for _, cells in sheet.rows()] == ["+12025550101"]


def test_reading_part_of_a_workbook_leaves_no_child_behind(written: Written) -> None:
    rows = [("Phone", "Note"), *((f"+120255501{n % 100:02}", "x" * 100) for n in range(20_000))]
    path = written(make.xlsx({"People": rows}))
    book = workbooks.open_workbook(path)
    numbered = book.rows()
    next(numbered)
    assert book.process.poll() is None
    numbered.close()
    assert book.process.returncode is not None


HOSTILE: dict[str, Callable[[], bytes]] = {
    "corner cells": make.corner_cells,
    "one cell of 100 MB": lambda: make.giant_cell(100_000_000),
    "one cell of 300 MB": lambda: make.giant_cell(300_000_000),
    "one cell of 5 MB": lambda: make.giant_cell(5_000_000),
    "billion laughs": make.billion_laughs,
    "many entries": make.many_entries,
    "truncated": lambda: make.xlsx({"People": [make.HEADER, *make.PEOPLE]})[:-200],
    "cut in half": lambda: make.xlsx({"People": [make.HEADER, *make.PEOPLE]})[:2000],
    "900,000 times one row": lambda: make.repeated_rows(900_000),
    "endlessly one row": lambda: make.repeated_rows(4_000_000_000),
    "one text in all cells": make.repeated_text,
    "no sheet in it": lambda: make.raw_xlsx(b"not XML"),
}


@pytest.mark.parametrize("name", ["one cell of 100 MB", "many entries"])
def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    written: Written, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")  # no child can be started
    assert refusal_of(written(HOSTILE[name]())) == workbooks.DAMAGED


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_are_refused_soon_and_cost_this_process_no_memory(written: Written, name: str) -> None:
    path = written(HOSTILE[name]())
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    assert refusal_of(path).endswith(".")
    assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # kilobytes


def test_a_dimension_that_lies_does_no_harm(written: Written) -> None:
    assert [cells for _, cells in open_sheet(written(make.lying_dimension())).rows()] == [("+12025550101",)]


def test_a_child_that_falls_silent_is_given_up(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "SILENCE", 0.0)
    assert refusal_of(written(make.xlsx({"People": [make.HEADER]}))) == workbooks.DAMAGED


def test_the_child_limits_itself() -> None:
    code = (
        "import resource; from contacts.reading import worker; worker.limit(); "
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [str(2 * 1024**3), "60"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n\n \n", "no rows"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel file"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\n<html><table>", "web page"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (bytes(range(1, 32)) * 20, "not a table"),
        (b"PK\x03\x04 but no archive", "damaged"),
    ],
)
def test_what_is_no_table_is_refused_by_its_content(written: Written, content: bytes, word: str) -> None:
    assert word in refusal_of(written(content))


def test_an_archive_that_is_no_workbook_is_refused(written: Written) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("people.csv", make.table())
    assert "archive, not a workbook" in refusal_of(written(file.getvalue()))


def test_more_than_the_limits_is_refused(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "more than 500 columns" in refusal_of(written("Phone" + ",x" * 500 + "\n"))
    late = make.table() + "+12025550101\n" * 100 + "+12025550102" + ",x" * 500 + "\n"
    assert "Row 105 has more than 500 columns" in refusal_of(written(late))
    wide = make.xlsx({"People": [("Phone",), ("+12025550101", *["x"] * 500)]})
    assert "Row 2 has more than 500 columns" in refusal_of(written(wide))
    assert len(list(open_sheet(written("Phone\n" + "+12025550101\n" * 30)).rows())) == 30
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 30)
    assert len(list(open_sheet(written("Phone\n" + "+12025550101\n\n" * 30)).rows())) == 30
    assert "more than 30 rows" in refusal_of(written("Phone\n" + "+12025550101\n" * 31))
    monkeypatch.setattr(spreadsheets, "MAX_BYTES", 10)
    assert "larger than" in refusal_of(written("Phone\n+12025550101\n"))


def test_a_line_without_an_end_does_not_fill_the_memory(written: Written) -> None:
    assert "far too long" in refusal_of(written("Phone\n" + "+12025550101 " * 700_000), delimiter=",")
    cells = (',"' + "note\n" * 100_000 + '"') * 5
    assert "Row 2 is far too long" in refusal_of(written(f"Phone\n+12025550101{cells}\n"))
    assert f"{limits.MAX_CELL:,} characters" in refusal_of(written("Phone\n" + "9" * (limits.MAX_CELL + 1)))


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(rows=st.lists(st.tuples(CELL, CELL), max_size=8), delimiter=st.sampled_from([",", ";", "\t", "|"]))
def test_whatever_a_csv_writer_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "upload.bin"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([("Phone", "Name"), *rows])
    filled = [(n, row) for n, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]
    assert list(open_sheet(path, delimiter=delimiter).rows()) == filled
