"""What staff fill in about an import: the file, what to do with its people, and what its columns mean."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from contacts import columns as headers
from contacts.importing import Rules
from contacts.importing.previewing import HOW_READ
from contacts.models import Attribute, Contact, ContactImport, ContactList

REGIONS = (
    ("US", "United States"), ("CA", "Canada"), ("GB", "United Kingdom"), ("AU", "Australia"), ("AT", "Austria"),
    ("BE", "Belgium"), ("BR", "Brazil"), ("FR", "France"), ("DE", "Germany"), ("IN", "India"), ("IE", "Ireland"),
    ("IT", "Italy"), ("MX", "Mexico"), ("NL", "Netherlands"), ("NZ", "New Zealand"), ("PT", "Portugal"),
    ("ES", "Spain"), ("CH", "Switzerland"),
)  # fmt: skip
NEW = "new"


def _region() -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=REGIONS,
        initial="US",
        label="Country",
        widget=UnfoldAdminSelectWidget,
        help_text="For numbers without a country code. A column of countries goes before it.",
    )


class SpreadsheetField(forms.FileField):
    """A file that is no larger than we read."""

    widget = UnfoldAdminFileFieldWidget

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Refuse what is too large before it is kept."""
        file: File[bytes] | None = super().clean(data, initial)
        if file is not None and (file.size or 0) > settings.MAX_UPLOAD_BYTES:
            raise ValidationError("The file is larger than 200 MB. Split it, or save it as CSV.")
        return file


class UploadForm(forms.Form):
    """A spreadsheet, and what to do with its people."""

    file = SpreadsheetField(
        label="Spreadsheet",
        help_text="CSV, Excel (.xlsx) or OpenDocument (.ods), up to 200 MB. Nothing changes before you saw a preview.",
    )
    lists = forms.ModelMultipleChoiceField(
        ContactList.objects.all(),
        required=False,
        label="Add everybody to",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    new_list = forms.CharField(
        required=False,
        max_length=200,
        label="A new list",
        widget=UnfoldAdminTextInputWidget,
        help_text="Its name, if they should go on one. It is made when you confirm.",
    )
    region = _region()
    existing = forms.ChoiceField(
        choices=ContactImport.Existing.choices,
        initial=ContactImport.Existing.UPDATE,
        label="People we have already",
        widget=UnfoldAdminSelectWidget,
    )
    blanks_overwrite = forms.BooleanField(
        required=False,
        label="A blank cell empties what we know",
        widget=UnfoldBooleanWidget,
        help_text="Usually not: a blank cell leaves things as they are.",
    )
    consent_source = forms.ChoiceField(
        choices=[("", "Not recorded here"), *[choice for choice in Contact.ConsentSource.choices if choice[0]]],
        required=False,
        label="They agreed to be texted",
        widget=UnfoldAdminSelectWidget,
        help_text="Kept with each person as evidence. What is on record already is replaced only by a later date.",
    )
    consent_day = forms.DateField(
        required=False,
        label="Agreed on",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )
    consent_text = forms.CharField(
        required=False,
        label="In these words",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        """A date or a wording says nothing without where it comes from."""
        cleaned = super().clean() or {}
        if (cleaned.get("consent_day") or cleaned.get("consent_text")) and not cleaned.get("consent_source"):
            self.add_error("consent_source", "Say where the consent comes from, not only when and how.")
        day = cleaned.get("consent_day")
        if day and day > datetime.now(UTC).date():
            self.add_error("consent_day", "This day has not come yet.")
        return cleaned

    def rules(self) -> Rules:
        """What was filled in. A day is noon in UTC, which is the same day nearly everywhere."""
        cleaned = self.cleaned_data
        day = cleaned["consent_day"]
        return Rules(
            region=cleaned["region"],
            existing=cleaned["existing"],
            blanks_overwrite=cleaned["blanks_overwrite"],
            lists=cleaned["lists"],
            new_list=cleaned["new_list"],
            consent_source=cleaned["consent_source"],
            consent_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC) if day else None,
            consent_text=cleaned["consent_text"],
        )


class OptOutsForm(forms.Form):
    """People who must not be texted: a file, or numbers that were pasted."""

    file = SpreadsheetField(
        required=False, label="Spreadsheet", help_text="CSV, Excel (.xlsx) or OpenDocument (.ods) with a phone column."
    )
    pasted = forms.CharField(
        required=False,
        label="Or paste the numbers",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="One a line.",
    )
    region = _region()

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        cleaned = super().clean() or {}
        if bool(cleaned.get("file")) == bool(cleaned.get("pasted", "").strip()):
            raise ValidationError("Bring a spreadsheet or paste numbers: one of the two.")
        return cleaned

    def rules(self) -> Rules:
        """For an opt-out list."""
        return Rules(region=self.cleaned_data["region"], purpose=ContactImport.Purpose.OPT_OUTS)


class AnswersForm(forms.Form):
    """How the file is read, and what each of its columns means."""

    def __init__(self, record: ContactImport, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.record, self.reading = record, record.reading
        for doubt in self.reading["doubts"]:
            self.fields[doubt["kind"]] = forms.ChoiceField(
                choices=[(str(value), label) for value, label in doubt["choices"]],
                initial=str(self._present(doubt["kind"])),
                label=doubt["sentence"],
                widget=UnfoldAdminSelectWidget,
                required=False,
            )
        if len(self.reading["sheets"]) > 1 and "sheet" not in self.fields:
            self.fields["sheet"] = forms.ChoiceField(
                choices=[(name, name) for name in self.reading["sheets"]],
                initial=self.reading["sheet"],
                label="Sheet",
                widget=UnfoldAdminSelectWidget,
            )
        choices = self._targets()
        for index, column in enumerate(self.reading["columns"]):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                choices=choices,
                initial=self._initial(index, column, {value for value, _ in choices}),
                label=column,
                widget=UnfoldAdminSelectWidget,
            )

    def _present(self, kind: str) -> Any:
        return self.record.answers.get(kind) or self.reading.get(kind, "")

    def _targets(self) -> list[tuple[str, str]]:
        known = [(f"{one.name}:{one.kind}", f"{one.label} (our own)") for one in Attribute.objects.all()]
        new = [(f"{NEW}:{kind}", f"Keep as {label.lower()}") for kind, label in Attribute.Kind.choices]
        return [*headers.choices_for_mapping(), *known, *new]

    def _initial(self, index: int, column: str, offered: set[str]) -> str:
        target: str = self.reading["mapping"].get(column, headers.IGNORE)
        if target in offered:
            return target
        _, kind = headers.split_target(target)
        return f"{NEW}:{kind or self.reading['kinds'][index]}"

    def doubts(self) -> Iterator[Any]:
        """The fields about how the file is read."""
        yield from (self[name] for name in self.fields if not name.startswith("column_"))

    def questions(self) -> list[str]:
        """Why we ask, apart from what stands beside the fields above."""
        doubts = {doubt["sentence"] for doubt in self.reading["doubts"]}
        return [question for question in self.reading["questions"] if question not in doubts]

    def columns(self) -> Iterator[tuple[str, list[str], Any]]:
        """Each column with its samples and its field."""
        for index, (column, samples) in enumerate(zip(self.reading["columns"], self.reading["samples"], strict=True)):
            yield column, samples, self[f"column_{index}"]

    def clean(self) -> dict[str, Any]:
        """There must be a number to text."""
        cleaned = super().clean() or {}
        targets = [value for name, value in cleaned.items() if name.startswith("column_")]
        if "look_again" not in self.data and not any(target.startswith(headers.PHONE) for target in targets):
            raise ValidationError("Say which column holds the phone numbers.")
        return cleaned

    def answers(self) -> dict[str, Any]:
        """For `importing.answer`: with another sheet, encoding or separator the columns are asked about again."""
        given = self.record.answers
        how_read = {name: given[name] for name in HOW_READ if given.get(name) not in (None, "")}
        chosen = {name: self.cleaned_data[name] for name in HOW_READ if self.cleaned_data.get(name)}
        if "header_row" in chosen:
            chosen["header_row"] = int(chosen["header_row"])
        changed = any(str(value) != str(self._present(name)) for name, value in chosen.items())
        answers = {**how_read, **chosen}
        if changed or "look_again" in self.data:
            return answers
        return {**answers, "mapping": self._mapping(), "settled": True}

    def _mapping(self) -> dict[str, str]:
        mapping = {}
        for index, column in enumerate(self.reading["columns"]):
            target = self.cleaned_data[f"column_{index}"]
            name, _, kind = target.partition(":")
            mapping[column] = f"{headers.attribute_name(column)}:{kind}" if name == NEW else target
        return mapping
