"""What packages above us show on the page of a contact: they know what a person got, this one does not."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from contacts.models import Contact

# What the template of a panel wants for this contact; None where this person may not see it.
Filling = Callable[[HttpRequest, Contact], dict[str, Any] | None]

_panels: dict[str, Filling] = {}


def show(template: str, filling: Filling) -> None:
    """Have every page of a contact include `template`, as `panel`; in the order of these calls."""
    _panels[template] = filling


def shown(request: HttpRequest, contact: Contact) -> list[tuple[str, dict[str, Any]]]:
    """The panels of this page: template and what fills it."""
    filled = ((template, filling(request, contact)) for template, filling in _panels.items())
    return [(template, panel) for template, panel in filled if panel is not None]
