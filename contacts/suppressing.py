"""The one way in which a number stops being texted, and the one way back.

An opt-out and an intent to send to the same number meet at an advisory lock on that number: the intent holds it
shared from before its check until its commit, the opt-out holds it alone. So whatever intent commits after an opt-out
has seen it (promise 3), also for numbers that are no contact and for sends that the opt-out could not see yet.

Where a reply only may have meant stop, the number rests: no text goes there either, but what is queued waits for the
person who decides (`rest`, then `confirm` or `lift`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.dispatch import Signal
from django.utils import timezone

from contacts.business_days import add_business_days
from contacts.models import Suppression

# Sent inside the transaction with `phones`, so that the packages above can stop what they still owe these numbers.
numbers_suppressed = Signal()

# An arbitrary number of ours: the class of the advisory locks on numbers.
NUMBER_LOCKS = 555_01
# 47 CFR 64.1200(a)(10): ten business days at most. Ours are kept at once; a person has as long to decide a doubt.
DAYS_TO_DECIDE = 10
# Where the day begins last in the United States: counted from there, the last day is never too late.
FIRST_CALENDAR = ZoneInfo("Pacific/Honolulu")


def lock_numbers(phones: Sequence[str], *, shared: bool = False) -> None:
    """Hold the locks on `phones` until the end of the transaction, taken in one order so that nobody deadlocks."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count({function}(%s, key)) FROM (SELECT DISTINCT hashtext(phone) AS key"  # noqa: S608
            " FROM unnest(%s::text[]) AS phone ORDER BY 1 OFFSET 0) AS keys",
            [NUMBER_LOCKS, list(phones)],
        )


def suppress(
    phones: Sequence[str],
    *,
    source: Suppression.Source,
    evidence: str = "",
    by: Any = None,
    said_at: datetime | None = None,
) -> int:
    """Stop all texts to these E.164 numbers at once; returns how many were not suppressed before.

    In one transaction with the caller's. Numbers that were opted out already keep their first reason; one under review
    is decided by this, and counts as new. `said_at`: when their word reached us.
    """
    with transaction.atomic():
        lock_numbers(phones)
        standing = dict(Suppression.objects.standing().filter(phone__in=phones).values_list("phone", "under_review"))
        fresh = [phone for phone in dict.fromkeys(phones) if phone not in standing]
        Suppression.objects.bulk_create(
            Suppression(phone=phone, source=source, evidence=evidence, created_by=by, said_at=said_at)
            for phone in fresh
        )
        doubtful = Suppression.objects.to_be_decided().filter(phone__in=phones)
        count = len(fresh) + doubtful.update(
            under_review=False,
            decided_at=timezone.now(),
            decided_by=by,
            evidence=Concat("evidence", Value(f"\n{evidence}" if evidence else "")),
        )
        numbers_suppressed.send(sender=Suppression, phones=list(phones))
    return count


def rest(phones: Sequence[str], *, evidence: str, doubt: str, said_at: datetime) -> int:
    """Let no text go to these numbers until a person has decided whether `evidence` meant stop; how many are new.

    `doubt` says why, in a sentence for that person. A number that is suppressed or rests already stays as it is. In one
    transaction with the caller's.
    """
    last_day = add_business_days(timezone.localdate(said_at, FIRST_CALENDAR), DAYS_TO_DECIDE)
    with transaction.atomic():
        lock_numbers(phones)
        standing = set(Suppression.objects.standing().filter(phone__in=phones).values_list("phone", flat=True))
        fresh = [phone for phone in dict.fromkeys(phones) if phone not in standing]
        Suppression.objects.bulk_create(
            Suppression(
                phone=phone,
                source=Suppression.Source.REPLY,
                evidence=evidence,
                said_at=said_at,
                under_review=True,
                doubt=doubt,
                review_by=last_day,
            )
            for phone in fresh
        )
    return len(fresh)


def allow_confirmation(phone: str, send_id: int) -> None:
    """Let the one text `send_id` tell this number that it is opted out; in the transaction that opted it out."""
    Suppression.objects.standing().filter(phone=phone, confirmation_id=None).update(confirmation_id=send_id)


def confirm(suppression: Suppression, *, by: Any) -> bool:
    """They did mean stop: what is queued for the number ends. False if somebody else has decided first."""
    with transaction.atomic():
        lock_numbers([suppression.phone])
        changed = Suppression.objects.to_be_decided().filter(pk=suppression.pk)
        if not changed.update(under_review=False, decided_at=timezone.now(), decided_by=by):
            return False
        numbers_suppressed.send(sender=Suppression, phones=[suppression.phone])
    return True


def lift(suppression: Suppression, *, by: Any, reason: str) -> bool:
    """Let a number be texted again; the trace stays. False if somebody else was first. ValueError without a reason."""
    if not reason.strip():
        raise ValueError("Say why this number may be texted again.")
    changed = Suppression.objects.standing().filter(pk=suppression.pk)
    return bool(changed.update(lifted_at=timezone.now(), lifted_by=by, lift_reason=reason.strip(), under_review=False))
