"""How a number stands in the database."""

from typing import Any

from django.db import models

# E.164 (ITU-T): a plus, a country code that does not begin with 0, at most fifteen digits in all.
E164_REGEX = r"^\+[1-9][0-9]{6,14}$"


class PhoneField(models.CharField):  # type: ignore[type-arg]  # generic in the stubs alone
    """An E.164 number. `contacts.phones.parse_phone` is the only way from what people type to what stands here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 16)
        super().__init__(*args, **kwargs)
