"""What the page of an import shows: a sentence, the five fates as tabs, and rows that read like the sheet."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts import columns as headers
from contacts.importing.fixing import FIXABLE
from contacts.models import Attribute, ContactImport, ImportRow

ROWS_A_PAGE = 50

Fate = ImportRow.Fate
# Beside the fates: rows that somebody should look at.
FLAGS = {"opted_out": Q(opted_out=True), "shared": Q(shared=True), "warned": ~Q(warnings=[])}
LABELS = {
    "first_name": "First name", "last_name": "Last name", "email": "E-mail", "company": "Company",
    "time_zone": "Time zone", "consent_source": "Consent", "consent_at": "Consent date",
    "consent_text": "Consent wording",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the sheet has it; `bad` if it is why the row is not taken."""

    index: int
    text: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table."""

    row: ImportRow
    cells: list[Cell]
    changes: list[tuple[str, Any, Any]]
    can_be_corrected: bool


class Known(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Pages of rows whose number the import knows."""

    def __init__(self, rows: QuerySet[ImportRow], count: int) -> None:
        super().__init__(rows, ROWS_A_PAGE)
        self._count = count

    @property
    def count(self) -> int:
        """The import's own count."""
        return self._count


def shown(record: ContactImport, fate: str, search: str, page: str | None) -> dict[str, Any]:
    """The context of the template."""
    tab = fate if fate in (*Fate.values, *FLAGS) else first_tab(record)
    rows = _rows(record, tab, search)
    count = rows.count() if search else getattr(record, tab)
    found = Known(rows.order_by("number"), count).get_page(page)
    columns = record.reading.get("columns", [])
    return {
        "tabs": [(name, label, getattr(record, name)) for name, label in Fate.choices],
        "tab": tab,
        "search": search,
        "page": found,
        "columns": columns,
        "table": _table(record, found, columns),
        "meanings": _meanings(record),
        "progress": progress(record),
    }


def _rows(record: ContactImport, tab: str, search: str) -> QuerySet[ImportRow]:
    rows = record.import_rows.filter(FLAGS.get(tab, Q(fate=tab)))
    if search:
        digits = "".join(character for character in search if character.isdigit())
        found = Q(cells__icontains=search) | Q(reason__icontains=search)
        rows = rows.filter(found | Q(phone__contains=digits) if digits else found)
    return rows


def _table(record: ContactImport, page: Page[ImportRow], columns: list[str]) -> list[Line]:
    labels = {f"attributes.{one.name}": one.label for one in Attribute.objects.all()}
    labels |= {
        f"attributes.{headers.split_target(target)[0]}": column
        for column, target in record.reading.get("mapping", {}).items()
    }
    labels |= LABELS
    open_to_change = record.status == ContactImport.Status.PREVIEWED
    return [
        Line(
            row,
            [
                Cell(index, str(text), bool(row.column) and index < len(columns) and columns[index] == row.column)
                for index, text in enumerate(row.cells)
            ],
            [(labels.get(name, name), before, after) for name, (before, after) in sorted(row.changes.items())],
            open_to_change and row.fate in FIXABLE,
        )
        for row in page
    ]


def _meanings(record: ContactImport) -> list[tuple[str, str]]:
    mapping = record.reading.get("mapping", {})
    return [(column, headers.target_label(target)) for column, target in mapping.items()]


def first_tab(record: ContactImport) -> str:
    """What needs a look first: problems, then whatever there is."""
    for fate in (Fate.REJECTED, Fate.CREATED, Fate.UPDATED, Fate.SKIPPED, Fate.UNCHANGED):
        if getattr(record, fate):
            return fate.value
    return Fate.CREATED.value


def progress(record: ContactImport) -> dict[str, Any]:
    """How far the step under way is: rows, rows a second, seconds left, per cent; what is not known is None."""
    total = record.expected_rows if record.status == ContactImport.Status.UPLOADED else record.rows
    done = record.done_rows
    seconds = (timezone.now() - record.step_started_at).total_seconds() if record.step_started_at else 0.0
    rate = done / seconds if seconds > 0.5 and done else None
    left = max(0, total - done) / rate if rate and total else None
    percent = min(100, round(100 * done / total)) if total and done else None
    return {"done": done, "total": total, "rate": rate and round(rate), "left": left, "percent": percent}
