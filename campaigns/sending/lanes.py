"""One account in one engine: its claims, its connections, and the threads that use them.

Senders never touch the database; what they need comes with the job, what they learn goes to the recorder.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from campaigns.models import Account
from campaigns.sending import calls
from campaigns.sending.queue import LAST_CHANCE, Claimed
from revmo.client import RevmoClient
from revmo.outcomes import Outcome, Verdict

# Seconds.
STALE_CLAIM = 20.0  # a claim that waited this long for its turn goes back, well before its lease ends
STALE_INTENT = 0.5  # an intent that waited this long has not left and must not leave any more
GRANT_LASTS = 2.5  # without news from the database for so long a worker must think that others have taken its share
# Claimed ahead: what the rate uses up in so long, so that a slow account does not sit on the queue.
AHEAD_SECONDS = 2.0
MOST_AHEAD, LEAST_AHEAD = 400, 8
# While Revmo cannot be reached at all, a doubling rest; otherwise every text would use up its attempts at once.
FIRST_REST, LONGEST_REST = 0.25, 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """One intent on its way to a sender. `committed_at` is the monotonic clock, so a frozen process notices."""

    claim: Claimed
    committed_at: float


@dataclass(frozen=True, slots=True)
class Done:
    """What a sender hands to the recorder; without an outcome no call was begun. `seconds` is how long it took."""

    lane: "Lane"
    claim: Claimed
    outcome: Outcome | None
    seconds: float


class Lane:
    """One account's claims, connections and outcomes.

    The fetcher adds claims, the intender takes them and commits, the recorder ends what is under way. `gate` is held
    while intents are committed, so that whoever lowers `slots` knows what is under way afterwards.
    """

    def __init__(self, account: Account, make_client: calls.ClientFactory, report: Callable[[Done], None]) -> None:
        self.account = account
        self.gate = threading.Lock()
        self.halted = threading.Event()
        self.brake_written = False
        self.slots = 0
        self.granted_at = 0.0
        self.not_before = 0.0
        self.fruitful = False  # did the last look at the queue find anything?
        self._unreachable = 0
        self._begun = self._ended = 0  # written by one thread each
        self._urgent: deque[tuple[Claimed, float]] = deque()
        self._claims: deque[tuple[Claimed, float]] = deque()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._senders: list[threading.Thread] = []
        self._make_client, self._report = make_client, report

    @property
    def in_flight(self) -> int:
        """Intents committed whose results are not yet written."""
        return self._begun - self._ended

    @property
    def claimed(self) -> int:
        """Claims that wait for their turn."""
        return len(self._urgent) + len(self._claims)

    @property
    def takes_a_risk(self) -> bool:
        """Has it a claim in hand that fails with one more crash? One at a time is enough."""
        return any(claim.crashes >= LAST_CHANCE for claim, _ in (*self._urgent, *self._claims))

    def wanted(self) -> int:
        """How many claims to fetch now, besides replies and tests: none while enough wait or nothing may leave."""
        ahead = int(min(MOST_AHEAD, max(LEAST_AHEAD, self.account.messages_per_second * AHEAD_SECONDS)))
        rests = self.halted.is_set() or not self.slots or self.not_before - time.monotonic() > AHEAD_SECONDS
        return 0 if rests or len(self._claims) > ahead // 2 else ahead

    def add(self, claims: list[Claimed]) -> None:
        """Queue claims for their turn; replies and tests stand before all campaigns."""
        now = time.monotonic()
        for claim in claims:
            (self._urgent if claim.campaign_id is None else self._claims).append((claim, now))

    def free(self) -> int:
        """How many intents may be committed now."""
        now = time.monotonic()
        if self.halted.is_set() or now < self.not_before or now - self.granted_at > GRANT_LASTS:
            return 0
        return max(0, self.slots - self.in_flight)

    def take(self, amount: int) -> tuple[list[Claimed], list[Claimed]]:
        """The next claims for as many intents, and those that waited too long."""
        fresh: list[Claimed] = []
        stale: list[Claimed] = []
        limit = time.monotonic() - STALE_CLAIM
        for waiting in (self._urgent, self._claims):
            while waiting and len(fresh) < amount:
                claim, at = waiting.popleft()
                (fresh if at > limit else stale).append(claim)
        return fresh, stale

    def put_back(self, claims: list[Claimed]) -> None:
        """Claims whose turn has not come after all stay the next ones."""
        now = time.monotonic()
        for claim in reversed(claims):
            (self._urgent if claim.campaign_id is None else self._claims).appendleft((claim, now))

    def empty(self) -> list[Claimed]:
        """Take all claims out, to give them back; what the fetcher adds meanwhile is taken as well or stays."""
        claims = []
        for waiting in (self._urgent, self._claims):
            while waiting:
                claims.append(waiting.popleft()[0])
        return claims

    def begin(self, claims: list[Claimed]) -> None:
        """Hand committed intents to the senders."""
        now = time.monotonic()
        self._begun += len(claims)
        while len(self._senders) < self.in_flight:
            sender = threading.Thread(target=self._send_forever, name=f"sender-{len(self._senders)}", daemon=True)
            self._senders.append(sender)
            sender.start()
        for claim in claims:
            self._jobs.put(Job(claim, now))

    def grant(self, slots: int) -> None:
        """What the workers have agreed on just now."""
        self.slots, self.granted_at = slots, time.monotonic()

    def end(self, amount: int) -> None:
        """Results are written."""
        self._ended += amount

    def note(self, outcome: Outcome | None) -> None:
        """Rest while Revmo cannot be reached; any answer at all ends that."""
        if outcome is None:
            return
        if outcome.verdict is Verdict.RETRY and outcome.http_status is None:
            if time.monotonic() >= self.not_before:
                rest = min(LONGEST_REST, FIRST_REST * 2**self._unreachable)
                self._unreachable = min(self._unreachable + 1, 10)
                self.not_before = time.monotonic() + rest
        elif outcome.http_status is not None:
            self._unreachable = 0

    def close(self) -> None:
        """Let the senders go home once they are done."""
        for _ in self._senders:
            self._jobs.put(None)

    def _send_forever(self) -> None:
        client: RevmoClient | None = None
        while (job := self._jobs.get()) is not None:
            outcome: Outcome | None = None
            begin = time.monotonic()
            if not self.halted.is_set() and begin - job.committed_at < STALE_INTENT:
                try:
                    client = client or self._make_client()
                    outcome = calls.make(client, job.claim)
                except Exception as problem:  # whatever it is, the text's fate must be written down
                    outcome = calls.judge_our_own(problem)
                if outcome.verdict is Verdict.HALT:
                    self.halted.set()  # before anybody else commits an intent on the strength of an older look
            self._report(Done(self, job.claim, outcome, time.monotonic() - begin))
        if client is not None:
            client.close()
