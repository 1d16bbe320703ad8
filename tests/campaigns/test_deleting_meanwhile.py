"""A person or list is deleted while somebody names it in a draft: nobody loses without a word whom they leave out."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from contacts.models import Contact, ContactList
from tests.campaigns.test_admin_pages import page_of, signed_in
from tests.campaigns.test_lock_order import sessions_that_wait
from tests.makers import make_campaign, make_contacts, make_list, number
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Doomed = Contact | ContactList


@contextmanager
def apart(work: Callable[[], Any]) -> Iterator["Future[Any]"]:
    """Work that has begun in a session of its own and waits for ours."""

    def closing() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(closing)
        wait_until(lambda: sessions_that_wait() == 1)
        yield begun


def delete(client: Client, doomed: Doomed) -> Any:
    return client.post(reverse(f"admin:contacts_{doomed._meta.model_name}_delete", args=[doomed.pk]), {"post": "yes"})


def delete_chosen(client: Client, doomed: Doomed) -> Any:
    chosen = {"action": "delete_selected", "_selected_action": [doomed.pk], "post": "yes"}
    return client.post(reverse(f"admin:contacts_{doomed._meta.model_name}_changelist"), chosen)


@pytest.mark.parametrize("way", [delete, delete_chosen])
@pytest.mark.parametrize("kind", ["excluded_people", "excluded_lists"])
def test_what_a_draft_has_just_named_stays(way: Callable[[Client, Doomed], Any], kind: str) -> None:
    people = make_contacts(2)
    draft, client = make_campaign(people), signed_in(superuser=True)
    doomed: Doomed = people[0] if kind == "excluded_people" else make_list(people[:1], "Staff")
    transaction.set_autocommit(False)
    try:
        getattr(draft, kind).add(doomed)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a commit does
        with apart(lambda: way(client, doomed)) as answer:
            transaction.commit()
            shown = answer.result(20)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert "Draft “Spring”" in shown.content.decode()
    assert getattr(draft, kind).get() == doomed


def test_a_draft_that_names_who_is_just_being_deleted_says_so() -> None:
    people = make_contacts(2)
    draft, client = make_campaign(people[1:]), signed_in(superuser=True)
    form = {
        "name": "Summer",
        "message": "Hi",
        "agent": draft.agent.pk,
        "agent_enabled": "on",
        "version": draft.version,
        "lists": [draft.lists.get().pk],
        "excluded_people": number(0),
        "_save": "",
    }
    transaction.set_autocommit(False)
    try:
        people[0].delete()
        with apart(lambda: client.post(page_of(draft), form)) as answer:
            transaction.commit()
            shown = answer.result(20)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert f"No contact has the number in “{number(0)}”." in shown.content.decode()
    assert Campaign.objects.get().name == "Spring"
