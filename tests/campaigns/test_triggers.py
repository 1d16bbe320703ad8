"""Triggers: out and in by spreadsheet, their page."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tablib import Dataset  # type: ignore[import-untyped]

from campaigns.models import Send, Trigger, TriggerKey
from campaigns.trigger_resource import TriggerResource
from tests.makers import launched, make_agent, make_send, number

pytestmark = pytest.mark.django_db

HEADERS = ["Agent", "Trigger", "What the agent does", "Key", "Kind", "Required", "Meaning", "Example", "Default"]


def sheet(*rows: list[str]) -> Dataset:
    return Dataset(*rows, headers=HEADERS)


def exported() -> list[tuple[Any, ...]]:
    return list(TriggerResource().export(Trigger.objects.all()))


def test_what_goes_out_comes_back() -> None:
    agent = make_agent(name="Front desk")
    made = Trigger.objects.create(agent=agent, phrase="reminder", description="=cmd|'/c calc'!A0")
    TriggerKey.objects.create(trigger=made, key="at", kind="moment", description="-1", example="2030-01-07T14:00:00Z")
    TriggerKey.objects.create(trigger=made, key="seats", kind="number", required=False, default="2")
    Trigger.objects.create(agent=agent, phrase="lonely")
    before = exported()
    out = TriggerResource().export(Trigger.objects.all())
    assert "'=cmd|'/c calc'!A0" in out["What the agent does"]
    Trigger.objects.all().delete()
    result = TriggerResource().import_data(out, raise_errors=True)
    assert not result.has_validation_errors()
    assert exported() == before
    assert Trigger.objects.get(phrase="reminder").description == "=cmd|'/c calc'!A0"
    assert Trigger.objects.filter(phrase="lonely").exists()


def test_an_import_changes_what_is_there_and_takes_nothing_away() -> None:
    agent = make_agent(name="Front desk", is_default=True)
    made = Trigger.objects.create(agent=agent, phrase="reminder")
    TriggerKey.objects.create(trigger=made, key="at")
    TriggerKey.objects.create(trigger=made, key="stays")
    TriggerResource().import_data(
        sheet(["", "reminder", "", "at", "date and time", "no", "", "", ""]), raise_errors=True
    )
    changed = made.keys.get(key="at")
    assert (changed.kind, changed.required) == ("moment", False)
    assert made.keys.count() == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["Nobody", "x", "", "k", "", "", "", "", ""], "There is no agent “Nobody”"),
        (["", "", "", "k", "", "", "", "", ""], "names no trigger"),
        (["", "x", "", "k", "colour", "", "", "", ""], "“colour” is no kind"),
        (["", "x", "", "two words", "", "", "", "", ""], "without blanks"),
        (["", "x", "", "k", "Number", "", "", "many", ""], "“many” is not a number"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason(row: list[str], words: str) -> None:
    make_agent(is_default=True)
    result = TriggerResource().import_data(sheet(row), dry_run=True)
    assert words in str([one.error for one in result.invalid_rows])


def test_an_import_by_the_page_needs_both_permissions_and_is_noted(client: Client) -> None:
    make_agent(is_default=True)
    user = User.objects.create_user("eve", is_staff=True)
    client.force_login(user)
    url = reverse("admin:campaigns_trigger_import")
    for held, status in (
        (["view_trigger", "add_trigger"], 403),
        (["view_trigger", "add_trigger", "change_trigger"], 200),
    ):
        user.user_permissions.set(Permission.objects.filter(codename__in=held))
        assert client.get(url).status_code == status
    file = SimpleUploadedFile("t.csv", sheet(["", "reminder", "", "at", "", "", "", "", ""]).export("csv").encode())
    shown = client.post(url, {"import_file": file, "format": "0", "resource": ""})
    assert not Trigger.objects.exists()
    confirm = shown.context["confirm_form"].initial
    client.post(reverse("admin:campaigns_trigger_process_import"), confirm)
    assert TriggerKey.objects.get().trigger.phrase == "reminder"
    assert "spreadsheet" in str(LogEntry.objects.get().change_message)


def test_its_page_counts_what_came_of_it_and_every_number_opens_its_list(admin_client: Client) -> None:
    made = Trigger.objects.create(agent=make_agent(), phrase="reminder")
    launched(3, agent=made.agent, trigger=made)
    make_send(agent=made.agent, trigger="reminder", to=number(60))
    page = admin_client.get(reverse("admin:campaigns_trigger_change", args=[made.pk]))
    shown = page.context["results"]
    assert [(one.label, one.count) for one in shown.outcomes] == [("Waiting", 3)]
    assert shown.tests.count == 1
    for one in (*shown.outcomes, shown.tests):
        assert admin_client.get(one.url).context["cl"].result_count == one.count


def test_it_is_tried_from_its_page(admin_client: Client) -> None:
    made = Trigger.objects.create(agent=make_agent(), phrase="reminder")
    TriggerKey.objects.create(trigger=made, key="seats", kind="number", example="2")
    url = reverse("admin:campaigns_trigger_test", args=[made.pk])
    form = {"test_number": number(60), "test_token": "0c0a8f0e-7d2e-4e70-9f3b-1a4b5c6d7e8f"}
    for _ in range(2):
        admin_client.post(url, form)
    assert Send.objects.get().metadata == {"seats": 2}
    assert admin_client.get(url).status_code == 405
