"""Every way in which one text, two workers, the reaper, an opt-out and a cancel can interleave, explored to the end.

A model of `campaigns.sending.queue`, `intents`, `results` and `reaping`, small enough to be seen through. Time is
absent: a lease may end at any moment, so a worker may be frozen for as long as it likes. Messages to and from the
database may be lost after the commit, so a statement may run twice. Each field of `Rules` is a mistake that other
senders have made; the explorer must find what it breaks.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

CRASHES, ATTEMPTS, CLAIMS = 2, 2, 3
ENDS_UNSENT = {"failed", "suppressed", "canceled", "queued", "claimed"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The product's own where nothing is set."""

    retry_what_is_ambiguous: bool = False
    requeue_posting_after_the_lease: bool = False
    no_fence: bool = False
    check_opt_outs_at_the_claim_only: bool = False
    mark_before_sending: bool = False


@dataclass(frozen=True, slots=True)
class Hand:
    """What a worker believes: its step (idle, claimed, intended, answered), its fence, what Revmo said."""

    step: str = "idle"
    fence: int = 0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """All there is. `acted`: how often Revmo acted; `late`: an intent was committed after the opt-out."""

    state: str = "queued"
    fence: int = 0
    attempts: int = 0
    crashes: int = 0
    hands: tuple[Hand, Hand] = (Hand(), Hand())
    deaths: int = CRASHES
    acted: int = 0
    opted_out: bool = False
    late: bool = False

    def hand(self, place: int, hand: Hand) -> "World":
        """With another hand there."""
        hands = list(self.hands)
        hands[place] = hand
        return replace(self, hands=(hands[0], hands[1]))


def violation(world: World) -> str:
    """The promise that is broken here, or nothing."""
    if world.acted > 1:
        return "texted twice"
    if world.state == "accepted" and not world.acted:
        return "accepted, but never sent"
    if world.state in ENDS_UNSENT and world.acted:
        return f"{world.state}, but sent"
    if world.late:
        return "an intent after the opt-out"
    return ""


def explore(rules: Rules = Rules()) -> tuple[int, str]:
    """How many worlds there are, and the first violation; it stops there."""
    seen, waiting = {World()}, deque([World()])
    while waiting:
        world = waiting.popleft()
        for one in _next(world, rules):
            if broken := violation(one):
                return len(seen), broken
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return len(seen), ""


def _next(world: World, rules: Rules) -> Iterator[World]:
    yield from _reaper(world, rules)
    yield from _people(world)
    for place, hand in enumerate(world.hands):
        if hand.step != "idle" and world.deaths:
            yield replace(world, deaths=world.deaths - 1).hand(place, Hand())
        if hand.step == "idle" and world.state == "queued" and world.fence < CLAIMS:
            fence = world.fence + 1
            yield replace(world, state="claimed", fence=fence).hand(place, Hand("claimed", fence))
        elif hand.step == "claimed":
            yield from _intend(world, place, hand, rules)
        elif hand.step == "intended":
            yield from _call(world, place, hand)
        elif hand.step == "answered":
            written = _record(world, hand, rules)
            yield written.hand(place, Hand())
            yield written  # it is not told that it was written, and writes again


def _reaper(world: World, rules: Rules) -> Iterator[World]:
    if world.state == "claimed":
        state = "failed" if world.crashes == CRASHES else "queued"
        yield replace(world, state=state, crashes=world.crashes + 1)
    if world.state == "posting":
        yield replace(world, state="queued" if rules.requeue_posting_after_the_lease else "unknown")


def _people(world: World) -> Iterator[World]:
    unsent = world.state in ("queued", "claimed")
    if not world.opted_out:
        yield replace(world, opted_out=True, state="suppressed" if unsent else world.state)
    if unsent:
        yield replace(world, state="canceled")
    if world.state == "unknown" and world.acted:  # signed evidence
        yield replace(world, state="accepted")


def _intend(world: World, place: int, hand: Hand, rules: Rules) -> Iterator[World]:
    ours = rules.no_fence or hand.fence == world.fence
    if ours and world.state == "claimed":
        yield replace(world, state="queued").hand(place, Hand())  # given back
    held = ours and world.state == "claimed"
    if rules.check_opt_outs_at_the_claim_only:
        held = ours and world.state in ("claimed", "suppressed")
    elif world.opted_out:
        held = False
    if not held:
        yield world.hand(place, Hand())
        return
    state = "accepted" if rules.mark_before_sending else "posting"
    posted = replace(world, state=state, attempts=world.attempts + 1, late=world.late or world.opted_out)
    yield posted.hand(place, Hand("intended", hand.fence))
    yield posted  # it is not told that it was committed, and asks again


def _call(world: World, place: int, hand: Hand) -> Iterator[World]:
    """What Revmo may do and say: yes, nothing that reaches us (having acted or not), not now, never, not even asked."""
    for acted, answer in ((1, "yes"), (1, "lost"), (0, "lost"), (0, "later"), (0, "no"), (0, "not begun")):
        said = replace(hand, step="answered", answer=answer)
        yield replace(world, acted=world.acted + acted).hand(place, said)


def _record(world: World, hand: Hand, rules: Rules) -> World:
    if not rules.no_fence and hand.fence != world.fence:
        return world
    becomes = {"yes": "accepted", "lost": "unknown", "later": "queued", "no": "failed", "not begun": "queued"}[
        hand.answer
    ]
    if becomes == "unknown" and rules.retry_what_is_ambiguous:
        becomes = "queued"
    if becomes == "queued" and world.attempts >= ATTEMPTS:
        becomes = "failed" if hand.answer in ("later", "not begun") else "unknown"
    if world.state == "posting" or (world.state == "unknown" and becomes == "accepted"):
        return replace(world, state=becomes)
    return world
