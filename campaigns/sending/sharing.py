"""How workers share an account's in-flight limit, on however many machines they run.

Every second each worker says that it lives and takes its fair share of the account's connections, never more than what
the others leave. One that has to shrink keeps its reservation until its calls have ended; one that falls silent is
forgotten after `ALIVE`. So the limit holds while all is well, and a dead worker holds nobody up for long.
"""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.models import Account, Mode, Worker, WorkerShare
from campaigns.sending.lanes import Lane

ALIVE = timedelta(seconds=5)  # longer than GRANT_LASTS, after which a worker stops by itself
REMEMBERED = timedelta(hours=1)  # how long a worker that died is shown
# Threads of one process; more do not pay, another worker does.
MOST_CONNECTIONS = 128
# An arbitrary number of ours: the class of the advisory locks on an account's shares.
SHARE_LOCKS = 555_02


def fair_share(limit: int, workers: int, place: int) -> int:
    """What the worker at `place` (from 0) of so many gets of `limit`; the first ones get the odd ones."""
    return limit // workers + (place < limit % workers)


def join(mode: Mode) -> Worker:
    """Make this process known. A worker of this host whose process is gone left no call behind: it is removed."""
    host = socket.gethostname()[:200]
    for gone in Worker.objects.filter(host=host):
        if not _runs(gone.process):
            gone.delete()
    return Worker.objects.create(host=host, process=os.getpid(), mode=mode)


def leave(worker: Worker) -> None:
    """A clean stop."""
    worker.delete()


def beat(worker: Worker, lanes: Mapping[int, Lane], *, stopping: bool) -> None:
    """Say that we live, and settle every lane's slots with the other workers."""
    if not Worker.objects.filter(pk=worker.pk).update(seen_at=Now(), stopping=stopping):
        worker.pk = None  # we were silent for so long that we were forgotten
        worker.save(force_insert=True)
    for lane in lanes.values():
        _settle(worker, lane, stopping=stopping)
    Worker.objects.filter(seen_at__lt=Now() - REMEMBERED).delete()


def _settle(worker: Worker, lane: Lane, *, stopping: bool) -> None:
    # Through the gate first: an intender that is stuck must not make us hold the lock that other workers need.
    with lane.gate, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHARE_LOCKS, lane.account.pk % 2**31])
        limit = Account.objects.values_list("in_flight_limit", flat=True).get(pk=lane.account.pk)
        lives = Q(pk=worker.pk) | Q(seen_at__gt=Now() - ALIVE)
        living = Worker.objects.filter(lives, mode=worker.mode).order_by("pk")
        working = list(living.filter(stopping=False).values_list("pk", flat=True))
        others = WorkerShare.objects.filter(worker__in=living, account=lane.account.pk).exclude(worker=worker)
        taken = sum(others.values_list("slots", flat=True))
        fair = 0 if stopping else fair_share(limit, len(working), working.index(worker.pk))
        slots = max(0, min(fair, limit - taken, MOST_CONNECTIONS))
        lane.slots, in_flight = min(lane.slots, slots), lane.in_flight
        WorkerShare.objects.update_or_create(
            worker=worker,
            account=lane.account,
            defaults={"slots": max(slots, in_flight), "in_flight": in_flight, "claimed": lane.claimed},
        )
    lane.grant(slots)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
