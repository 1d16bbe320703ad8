"""Exports for tests: who may ask for them, and what stands in them."""

import io
from collections.abc import Iterable
from typing import Any, cast

import openpyxl
from django.contrib.auth.models import Permission, User
from django.http import StreamingHttpResponse
from django.test import Client

from contacts import exporting, files
from contacts.models import Contact, ContactExport


def exporter(*permissions: str) -> User:
    """Staff with these permissions; by default those that an export needs."""
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
    wanted = permissions or ("view_contact", "add_contactexport")
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return User.objects.get(pk=user.pk)


def browser_of(user: User) -> Client:
    """Where they are signed in."""
    client = Client()
    client.force_login(user)
    return client


def body(response: Any) -> bytes:
    """What is streamed."""
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(cast(Iterable[bytes], response))


def written(user: User | None = None, query: str = "") -> ContactExport:
    """An export that a worker has been through."""
    record = exporting.begin(query, "contacts.xlsx", Contact.objects.count(), user or exporter())
    exporting.write(record)
    record.refresh_from_db()
    return record


def kept(record: ContactExport) -> bytes:
    """Its file."""
    assert record.stored_file is not None
    return b"".join(files.stream(record.stored_file))


def cells(workbook: bytes) -> list[tuple[Any, ...]]:
    """The values of the sheet."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))
