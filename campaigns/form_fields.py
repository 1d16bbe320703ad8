"""Fields of our own: names and values by line, and people by line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from unfold.widgets import UnfoldAdminTextareaWidget

from contacts.models import Contact
from contacts.phones import InvalidPhone, parse_phone

# A name may stand in front of the number.
_NUMBER = re.compile(r"\+?\(?[0-9][0-9()./ \u00a0-]{5,}[0-9]")
MOST_PEOPLE = 500


class NamedValues(forms.CharField):
    """Names and values, a line each, as `name: value`; a dictionary comes out."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """The lines of a dictionary."""
        if isinstance(value, Mapping):
            return "\n".join(f"{name}: {text}" for name, text in value.items())
        return value

    def to_python(self, value: Any) -> Any:
        """The dictionary of the lines; ValidationError names the line that is not one."""
        named: dict[str, str] = {}
        for line in str(value or "").splitlines():
            if not line.strip():
                continue
            name, colon, text = line.partition(":")
            if not colon or not name.strip() or not text.strip():
                raise ValidationError(
                    f"“{line.strip()}” is not a name and a value. Write, for example, city: {{{{ city }}}}"
                )
            named[name.strip()] = text.strip()
        return named

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is meant, not how it is written."""
        try:
            return bool(self.to_python(data) != (initial or {}))
        except ValidationError:
            return True


class People(forms.CharField):
    """Contacts, one a line, by number or by a name that only one of them has; the contacts come out."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, *, region: str = "US", **kwargs: Any) -> None:
        self.region = region
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A line a person: name and number."""
        if isinstance(value, str) or value is None:
            return value
        return "\n".join(f"{person.full_name} {person.phone}".strip() for person in self._found(value))

    def to_python(self, value: Any) -> Any:
        """The contacts of the lines; ValidationError says which line is nobody, or several people."""
        lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        if len(lines) > MOST_PEOPLE:
            raise ValidationError(f"At most {MOST_PEOPLE} people one by one; import the others into a list.")
        looked_up = [*self._by_number([line for line in lines if _NUMBER.search(line)])]
        looked_up += [_by_name(line) for line in lines if not _NUMBER.search(line)]
        if problems := [one for one in looked_up if isinstance(one, str)]:
            raise ValidationError(problems)
        return list({one.pk: one for one in looked_up if isinstance(one, Contact)}.values())

    def _by_number(self, lines: Iterable[str]) -> Iterator[Contact | str]:
        """For each line the contact, or what is the matter; one query for all."""
        numbers: dict[str, str] = {}
        for line in lines:
            try:
                numbers[line] = parse_phone(_NUMBER.findall(line)[0], self.region).e164
            except InvalidPhone as problem:
                yield f"“{line}”: {problem}"
        known = {person.phone: person for person in Contact.objects.filter(phone__in=set(numbers.values()))}
        for line, phone in numbers.items():
            yield known.get(phone) or f"No contact has the number in “{line}”. Add the contact first."

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the people."""
        try:
            return {person.pk for person in self.to_python(data)} != {one.pk for one in self._found(initial or [])}
        except ValidationError:
            return True

    @staticmethod
    def _found(value: Iterable[Any]) -> list[Contact]:
        people = list(value)
        keys = [one for one in people if not isinstance(one, Contact)]
        return [*(one for one in people if isinstance(one, Contact)), *Contact.objects.filter(pk__in=keys)]


def _by_name(line: str) -> Contact | str:
    """The only one who is called so, wherever the last name begins, or what is the matter."""
    words, names = line.split(), Q()
    for cut in range(1, len(words) + 1):
        names |= Q(first_name__iexact=" ".join(words[:cut]), last_name__iexact=" ".join(words[cut:]))
    named = list(Contact.objects.filter(names)[:2])
    many = "Several contacts have" if named else "No contact has"
    return named[0] if len(named) == 1 else f"{many} the name “{line}”. Give the number."
