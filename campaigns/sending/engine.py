"""The loop between the queue and the sockets.

One dispatcher thread talks to the database; sender threads talk to Revmo and never touch the database. An intent is
committed only for a sender that is free, so its socket opens at once and a crash leaves at most as many unknowns as
there are senders.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from campaigns.models import Account, Mode, Send
from campaigns.sending import housekeeping, intents, pacing, results, retrying
from campaigns.sending import queue as sends
from campaigns.sending.queue import Claimed
from campaigns.sending.results import Result
from revmo.client import InvalidCall, RevmoClient, StartSms
from revmo.outcomes import Outcome, Verdict

logger = logging.getLogger(__name__)

# Seconds.
IDLE_ROUND = 0.5  # how long a round waits when nothing is due and nobody wakes us
HOUSEKEEPING_INTERVAL = 1.0
STALE_CLAIM = 20.0  # a claim that waited this long for its turn goes back, well before its lease ends
STALE_INTENT = 1.0  # an intent that waited this long has not left and must not leave any more
# A dispatcher that is frozen inside a transaction holds locks that others wait for; the server ends it after this long.
LONGEST_IDLE_TRANSACTION = 5.0

ClientFactory = Callable[[], RevmoClient]


_dispatching = threading.local()


def _limit_idle_transactions(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """For connections that a dispatcher makes, also those that replace a lost one."""
    if getattr(_dispatching, "here", False):
        with connection.cursor() as cursor:
            milliseconds = round(LONGEST_IDLE_TRANSACTION * 1000)
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [str(milliseconds)])


@dataclass(frozen=True, slots=True)
class Job:
    """One intent on its way to a sender. `committed_at` is the monotonic clock, so a frozen process notices."""

    claim: Claimed
    committed_at: float


@dataclass(slots=True)
class Lane:
    """One account's claims, senders and outcomes."""

    account: Account
    claims: deque[Claimed] = field(default_factory=deque)
    claimed_at: float = 0.0
    jobs: "queue.SimpleQueue[Job | None]" = field(default_factory=queue.SimpleQueue)
    in_flight: int = 0
    senders: list[threading.Thread] = field(default_factory=list)
    not_before: float = 0.0
    halted: threading.Event = field(default_factory=threading.Event)
    brake_written: bool = False


class Engine:
    """Sends what is due in one mode. `start`, `wake`, `stop`; each may be called from any thread."""

    def __init__(self, mode: Mode, make_client: ClientFactory | None = None) -> None:
        self.mode = mode
        self._make_client = make_client or _client_from_settings
        self._lanes: dict[int, Lane] = {}
        self._outcomes: queue.SimpleQueue[tuple[Lane, Job, Outcome | None, float]] = queue.SimpleQueue()
        self._unwritten: list[tuple[Lane, Result, Outcome | None]] = []
        self._signal = threading.Event()
        self._stopping = threading.Event()
        self._next_housekeeping = 0.0
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue now instead of at the end of the round."""
        self._signal.set()

    def stop(self, timeout: float | None = None) -> bool:
        """Take nothing new, wait for what is under way, write it down. True once all of it is written."""
        self._stopping.set()
        self._signal.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        connection_created.connect(_limit_idle_transactions)
        _dispatching.here = True
        connection.close()  # so that the one we use is made with the limit
        while not (self._stopping.is_set() and self._drained()):
            try:
                close_old_connections()
                busy = self._round()
            except (DatabaseError, InterfaceError):
                # Outcomes stay with us until they can be written; claims run out by their lease.
                logger.exception("The database does not answer; trying again.")
                connection.close()
                busy = False
            if not busy:
                self._signal.wait(self._pause())
            self._signal.clear()
        self._leave()

    def _drained(self) -> bool:
        return (
            not self._unwritten and self._outcomes.empty() and not any(lane.in_flight for lane in self._lanes.values())
        )

    def _leave(self) -> None:
        for lane in self._lanes.values():
            for _ in lane.senders:
                lane.jobs.put(None)
        connection.close()

    def _pause(self) -> float:
        waits = [lane.not_before - time.monotonic() for lane in self._lanes.values() if lane.claims]
        return max(0.001, min([IDLE_ROUND, *waits]))

    def _round(self) -> bool:
        """One turn; True when another one should follow at once."""
        busy = self._write_outcomes()
        if time.monotonic() >= self._next_housekeeping:
            housekeeping.run(self.mode)
            self._refresh_lanes()
            self._next_housekeeping = time.monotonic() + HOUSEKEEPING_INTERVAL
        for lane in self._lanes.values():
            if self._stopping.is_set() or lane.halted.is_set():
                self._give_back(lane)
            else:
                busy = self._advance(lane) or busy
        return busy

    def _refresh_lanes(self) -> None:
        for account in Account.objects.all():
            lane = self._lanes.setdefault(account.pk, Lane(account))
            lane.account = account
            if account.paused_at is not None:
                lane.brake_written = True
                lane.halted.set()
            elif lane.brake_written:  # a person let the account go on; a brake not yet written stays pulled
                lane.brake_written = False
                lane.halted.clear()

    def _give_back(self, lane: Lane) -> None:
        sends.give_back(list(lane.claims))
        lane.claims.clear()

    def _advance(self, lane: Lane) -> bool:
        """Claim and commit intents for the senders that are free; True when something moved."""
        free = lane.account.in_flight_limit - lane.in_flight
        if free <= 0 or time.monotonic() < lane.not_before:
            return False
        if lane.claims and time.monotonic() - lane.claimed_at > STALE_CLAIM:
            self._give_back(lane)
        if not lane.claims:
            lane.claims.extend(sends.claim(lane.account, self.mode, free, settings.SEND_LEASE_SECONDS))
            lane.claimed_at = time.monotonic()
        if not lane.claims:
            return False
        batch = [lane.claims.popleft() for _ in range(min(free, len(lane.claims)))]
        going, closed = intents.commit_intents(lane.account, self.mode, batch, settings.SEND_LEASE_SECONDS)
        lane.claims.extendleft(reversed(going.waiting))
        if going.waiting:
            lane.not_before = time.monotonic() + going.wait_seconds
        for claim in going.posting:
            self._hand_over(lane, claim)
        if closed:
            housekeeping.move_to_next_window(closed)
        return bool(going.posting)

    def _hand_over(self, lane: Lane, claim: Claimed) -> None:
        lane.in_flight += 1
        if len(lane.senders) < lane.in_flight:
            sender = threading.Thread(
                target=self._send_forever, args=(lane,), name=f"sender-{len(lane.senders)}", daemon=True
            )
            lane.senders.append(sender)
            sender.start()
        lane.jobs.put(Job(claim, time.monotonic()))

    def _send_forever(self, lane: Lane) -> None:
        client: RevmoClient | None = None
        while (job := lane.jobs.get()) is not None:
            outcome: Outcome | None = None
            begin = time.monotonic()
            if not lane.halted.is_set() and time.monotonic() - job.committed_at < STALE_INTENT:
                try:
                    client = client or self._make_client()
                    outcome = client.start_sms(_call(job.claim), reference=reference(job.claim.id))
                except Exception as problem:  # whatever it is, the text's fate must be written down
                    outcome = _judge_our_own(problem)
                if outcome.verdict is Verdict.HALT:
                    lane.halted.set()  # before anybody else commits an intent on the strength of an older look
            self._outcomes.put((lane, job, outcome, time.monotonic() - begin))
            self._signal.set()
        if client is not None:
            client.close()

    def _write_outcomes(self) -> bool:
        while True:
            try:
                lane, job, outcome, seconds = self._outcomes.get_nowait()
            except queue.Empty:
                break
            lane.in_flight -= 1
            self._unwritten.append((lane, retrying.result_of(job.claim, outcome, seconds), outcome))
        if not self._unwritten:
            return False
        for lane, _, outcome in self._unwritten:
            if outcome is not None and outcome.verdict is Verdict.HALT:
                housekeeping.pause_account(lane.account, outcome.detail)
                lane.brake_written = True
            if outcome is not None and outcome.slow_down:
                pacing.slow_down(lane.account, self.mode)
        results.record([result for _, result, _ in self._unwritten])
        self._unwritten.clear()
        return True


def reference(send_id: int) -> str:
    """What travels with a text to find its send again."""
    return Send(pk=send_id).reference


def _judge_our_own(problem: Exception) -> Outcome:
    """The verdict on a fault on our side of the wire."""
    if isinstance(problem, InvalidCall):
        return Outcome(Verdict.FAILED, "invalid_call", f"Not sent: {problem}")
    if isinstance(problem, ValueError):  # an address or a key that cannot be one: no call was begun
        return Outcome(Verdict.HALT, "settings", f"Nothing was sent. {problem} Check REVMO_API_URL and REVMO_API_KEY.")
    logger.error("A call ended in an error of ours.", exc_info=problem)
    detail = "We cannot tell whether this text was sent: our sender met an error. It is not sent again by itself."
    return Outcome(Verdict.UNKNOWN, "our_error", detail, counts_toward_brake=True)


def _call(claim: Claimed) -> StartSms:
    metadata = dict(claim.metadata)
    if settings.REVMO_REFERENCE_KEY:
        metadata[settings.REVMO_REFERENCE_KEY] = reference(claim.id)
    return StartSms(
        agent_id=claim.agent_id,
        to=claim.to,
        trigger=claim.trigger,
        metadata=metadata,
        override=claim.text,
        no_agent=claim.no_agent,
    )


def _client_from_settings() -> RevmoClient:
    return RevmoClient(
        settings.REVMO_API_URL,
        settings.REVMO_API_KEY or "simulator",
        connect_timeout=settings.REVMO_CONNECT_TIMEOUT,
        read_timeout=settings.REVMO_READ_TIMEOUT,
        total_deadline=settings.REVMO_TOTAL_DEADLINE,
    )
