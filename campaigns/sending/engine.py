"""The loop between the queue and the sockets.

Four threads talk to the database, each in groups: the fetcher claims ahead, the intender commits intents for
connections that are free, the recorder writes results, the keeper does what happens by the clock. Sender threads talk
to Revmo and never touch the database. An intent is committed only for a sender that is free, so its socket opens at
once and a crash leaves at most as many unknowns as this worker had connections.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from campaigns.models import Account, Mode, Worker
from campaigns.sending import brakes, calls, housekeeping, intents, pacing, results, retrying, sharing
from campaigns.sending import queue as sends
from campaigns.sending.lanes import Done, Lane
from campaigns.sending.results import Result
from revmo.outcomes import Verdict

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds.
IDLE = 0.5  # how long a round waits when nothing is due and nobody wakes us
KEEPING = 1.0  # between two rounds of the keeper
TICK = 0.005  # between two groups of intents, and while results gather
AFTER_A_FAULT = 0.5
# A wait for the next text that is longer than this is waited for with empty hands.
LONG_WAIT = 2.0
MOST_RESULTS = 200
URGENT_AT_ONCE = 32
# A thread that is frozen inside a transaction holds locks that others wait for; the server ends it after this long.
LONGEST_IDLE_TRANSACTION = 5.0

_dispatching = threading.local()


def _limit_idle_transactions(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """For connections that an engine makes, also those that replace a lost one."""
    if getattr(_dispatching, "here", False):
        with connection.cursor() as cursor:
            milliseconds = round(LONGEST_IDLE_TRANSACTION * 1000)
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [str(milliseconds)])


class Loop:
    """A thread of the engine with a connection of its own.

    `turn` does one round and returns how long to wait for `wake` before the next; a fault costs a pause. `leave` comes
    last, once.
    """

    def __init__(
        self, name: str, turn: Callable[[], float], over: Callable[[], bool], leave: Callable[[], None] | None = None
    ) -> None:
        self._turn, self._over, self._leave = turn, over, leave
        self.wake = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def ended(self) -> bool:
        """Has it done all that it had to do?"""
        return not self.thread.is_alive()

    def _run(self) -> None:
        _dispatching.here = True
        connection.close()  # so that the one we use is made with the limit
        while not self._over():
            pause = self._attempt(self._turn)
            if pause is None:
                connection.close()
            if pause is None or pause > 0:
                self.wake.wait(AFTER_A_FAULT if pause is None else pause)
            self.wake.clear()
        if self._leave is not None:
            self._attempt(self._leave)
        connection.close()

    def _attempt(self, work: Callable[[], T]) -> T | None:
        """None after a fault: outcomes stay with us until they can be written, claims run out by their lease."""
        try:
            return work()
        except (DatabaseError, InterfaceError):
            logger.exception("The database does not answer; trying again.")
        except Exception:
            logger.exception("A defect of ours; trying again.")
        return None


class Engine:
    """Sends what is due in one mode. `start`, `wake`, `stop`; each may be called from any thread."""

    def __init__(self, mode: Mode, make_client: calls.ClientFactory | None = None) -> None:
        self.mode = mode
        self._make_client = make_client or calls.client_from_settings
        self._lanes: dict[int, Lane] = {}
        self._done: deque[Done] = deque()
        self._unwritten: list[tuple[Done, Result]] = []
        self._doubtful: list[sends.Claimed] = []
        self._tally = brakes.Tally()
        self._stopping = threading.Event()
        self._worker: Worker | None = None
        self._fetcher = Loop("fetcher", self._fetch, self._stopping.is_set)
        self._intender = Loop("intender", self._intend, lambda: self._fetcher.ended and self._hands_empty())
        self._recorder = Loop("recorder", self._record, lambda: self._intender.ended and self._drained())
        self._keeper = Loop("keeper", self._keep, lambda: self._recorder.ended, self._leave)
        self._loops = (self._fetcher, self._intender, self._recorder, self._keeper)

    def start(self) -> None:
        """Begin to send."""
        connection_created.connect(_limit_idle_transactions)
        for loop in self._loops:
            loop.thread.start()

    def wake(self) -> None:
        """Look at the queue now instead of at the end of the round."""
        self._fetcher.wake.set()

    def stop(self, timeout: float | None = None) -> bool:
        """Take nothing new, wait for what is under way, write it down. True once all of it is written."""
        self._stopping.set()
        ends = None if timeout is None else time.monotonic() + timeout
        for loop in self._loops:
            loop.wake.set()
            if loop.thread.ident is not None:  # else it was told to stop before it was told to start
                loop.thread.join(None if ends is None else max(0.0, ends - time.monotonic()))
        return all(loop.ended for loop in self._loops)

    def _fetch(self) -> float:
        busy = False
        for lane in list(self._lanes.values()):
            wanted, last_chance, lease = lane.wanted(), not lane.takes_a_risk, settings.SEND_LEASE_SECONDS
            found: list[sends.Claimed] = []
            if wanted:
                found = sends.claim(lane.account, self.mode, wanted, lease, last_chance=last_chance)
                lane.fruitful = bool(found)
            elif lane.slots:
                found = sends.claim(
                    lane.account, self.mode, URGENT_AT_ONCE, lease, urgent=True, last_chance=last_chance
                )
            lane.add(found)
            busy = busy or bool(found)
        if busy:
            self._intender.wake.set()
        return IDLE

    def _intend(self) -> float:
        moved, waits = False, [IDLE]
        self._clear_doubts()
        for lane in list(self._lanes.values()):
            with lane.gate:
                moved = self._advance(lane) or moved
            if lane.claimed and (wait := lane.not_before - time.monotonic()) > 0:
                waits.append(wait)
            if lane.fruitful and lane.wanted():
                self._fetcher.wake.set()
        if moved:
            time.sleep(TICK)  # let a group gather
            return 0.0
        return min(waits)

    def _advance(self, lane: Lane) -> bool:
        """Commit intents for the senders that are free; True when something moved."""
        if self._stopping.is_set() or lane.halted.is_set():
            self._give_back(lane)
            return False
        batch, stale = lane.take(lane.free())
        sends.give_back(stale)
        if not batch:
            return bool(stale)
        try:
            going, closed = intents.commit_intents(lane.account, self.mode, batch, settings.SEND_LEASE_SECONDS)
        except DatabaseError:
            self._doubtful += batch
            raise
        lane.begin(going.posting)
        lane.put_back(going.waiting)
        if going.waiting:
            lane.not_before = time.monotonic() + going.wait_seconds
            if going.wait_seconds > LONG_WAIT:
                self._give_back(lane)
        if closed:
            housekeeping.move_to_next_window(closed)
        return bool(going.posting)

    def _clear_doubts(self) -> None:
        """Intents of which the database did not say whether they were committed: no sender got them, so none left."""
        if self._doubtful:
            results.record([retrying.result_of(claim, None) for claim in self._doubtful])
            sends.give_back(self._doubtful)
            self._doubtful = []

    def _give_back(self, lane: Lane) -> None:
        sends.give_back(lane.empty())

    def _hands_empty(self) -> bool:
        return not self._doubtful and not any(lane.claimed for lane in self._lanes.values())

    def _record(self) -> float:
        if self._done:
            time.sleep(TICK)  # let a group gather
            found = [self._done.popleft() for _ in range(min(len(self._done), MOST_RESULTS))]
            self._unwritten += [(done, retrying.result_of(done.claim, done.outcome, done.seconds)) for done in found]
        if not self._unwritten:
            self._tally.write()
            return IDLE / 5
        self._write()
        return 0.0

    def _take(self, done: Done) -> None:
        """From a sender. Not a SimpleQueue: a frozen process may wake in its `get` and wait past every timeout."""
        self._done.append(done)
        self._recorder.wake.set()

    def _write(self) -> None:
        for done, _ in self._unwritten:
            done.lane.note(done.outcome)
            if done.outcome is not None and done.outcome.verdict is Verdict.HALT:
                housekeeping.pause_account(done.lane.account, done.outcome.detail)
                done.lane.brake_written = True
            if done.outcome is not None and done.outcome.slow_down:
                pacing.slow_down(done.lane.account, self.mode)
        retrying.note_opt_outs([(done.claim, done.outcome) for done, _ in self._unwritten])
        written = results.record([result for _, result in self._unwritten])
        for done, _ in self._unwritten:
            done.lane.end(1)
            if done.claim.id in written:
                self._tally.add(done.claim.campaign_id, done.outcome)
        self._unwritten.clear()
        self._intender.wake.set()
        self._tally.write()

    def _drained(self) -> bool:
        return not any(lane.in_flight for lane in self._lanes.values())

    def _keep(self) -> float:
        begin = time.monotonic()
        self._refresh_lanes()
        self._worker = self._worker or sharing.join(self.mode)
        sharing.beat(self._worker, self._lanes, stopping=self._stopping.is_set())
        if not self._stopping.is_set():
            housekeeping.run(self.mode)
            self._fetcher.wake.set()  # there may be slots now, or campaigns that have just begun
            self._intender.wake.set()
        return max(0.05, KEEPING - (time.monotonic() - begin))

    def _refresh_lanes(self) -> None:
        for account in Account.objects.all():
            lane = self._lanes.get(account.pk)
            if lane is None:
                lane = self._lanes[account.pk] = Lane(account, self._make_client, self._take)
            lane.account = account
            if account.paused_at is not None:
                lane.brake_written = True
                lane.halted.set()
            elif lane.brake_written:  # a person let the account go on; a brake not yet written stays pulled
                lane.brake_written = False
                lane.halted.clear()

    def _leave(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        if self._worker is not None:
            sharing.leave(self._worker)
