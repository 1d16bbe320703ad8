"""The one way in which a number stops being texted, and the one way back.

An opt-out and an intent to send to the same number meet at an advisory lock on that number: the intent holds it
shared from before its check until its commit, the opt-out holds it alone. So whatever intent commits after an opt-out
has seen it (promise 3), also for numbers that are no contact and for sends that the opt-out could not see yet.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from contacts.models import Suppression

# Sent inside the transaction with `phones`, so that the packages above can stop what they still owe these numbers.
numbers_suppressed = Signal()

# An arbitrary number of ours: the class of the advisory locks on numbers.
NUMBER_LOCKS = 555_01


def lock_numbers(phones: Sequence[str], *, shared: bool = False) -> None:
    """Hold the locks on `phones` until the end of the transaction, taken in one order so that nobody deadlocks."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count({function}(%s, key)) FROM (SELECT DISTINCT hashtext(phone) AS key"  # noqa: S608
            " FROM unnest(%s::text[]) AS phone ORDER BY 1 OFFSET 0) AS keys",
            [NUMBER_LOCKS, list(phones)],
        )


def suppress(phones: Sequence[str], *, source: Suppression.Source, evidence: str = "", by: Any = None) -> int:
    """Stop all texts to these E.164 numbers at once; returns how many were not suppressed before.

    In one transaction with the caller's. Numbers that already rest keep their first reason.
    """
    with transaction.atomic():
        lock_numbers(phones)
        standing = set(Suppression.objects.standing().filter(phone__in=phones).values_list("phone", flat=True))
        fresh = [phone for phone in dict.fromkeys(phones) if phone not in standing]
        Suppression.objects.bulk_create(
            Suppression(phone=phone, source=source, evidence=evidence, created_by=by) for phone in fresh
        )
        numbers_suppressed.send(sender=Suppression, phones=list(phones))
    return len(fresh)


def lift(suppression: Suppression, *, by: Any, reason: str) -> bool:
    """Let a number be texted again; the trace stays. False if somebody else was first. ValueError without a reason."""
    if not reason.strip():
        raise ValueError("Say why this number may be texted again.")
    changed = Suppression.objects.standing().filter(pk=suppression.pk)
    return bool(changed.update(lifted_at=timezone.now(), lifted_by=by, lift_reason=reason.strip()))
