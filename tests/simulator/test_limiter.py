"""Too many requests a second are turned away, and told when to come back."""

import pytest

from simulator.config import Config
from simulator.limiter import Limiter
from simulator.server import Simulator
from tests.simulator.wire import number, start_sms


def test_it_answers_429_with_retry_after_above_the_rate() -> None:
    with Simulator(Config(port=0, rate=3 / 60)).running() as sim:  # so slow that no clock of a test matters
        assert start_sms(sim, number(1)).status == 200
        turned_away = start_sms(sim, number(1))
    assert (turned_away.status, turned_away.value["result"]) == (429, "Error")
    assert 1 <= int(turned_away.headers["retry-after"]) <= 20
    assert sim.ledger()["numbers"][number(1)] == {"requests": 2, "accepted": 1}


def test_it_takes_as_many_as_the_rate_in_any_second() -> None:
    limiter = Limiter(3)
    assert [limiter.wait(10 + share / 10) for share in range(5)] == [0, 0, 0, 1, 1]
    assert [limiter.wait(at) for at in (11.0, 11.05, 11.1)] == [0, 1, 0]


def test_below_one_a_second_it_takes_one_in_a_longer_while() -> None:
    limiter = Limiter(0.25)
    assert [limiter.wait(at) for at in (0.0, 1.0, 3.5, 4.0, 4.1)] == [0, 3, 1, 0, 4]


@pytest.mark.parametrize("rate", [2, 10, 99.5])
def test_it_never_takes_more_than_the_rate_over_a_long_time(rate: float) -> None:
    limiter = Limiter(rate)
    taken = sum(limiter.wait(tick / 1000) == 0 for tick in range(10_000))
    assert rate * 10 * 0.95 <= taken <= rate * 11  # the first second may come all at once


def test_zero_takes_all() -> None:
    limiter = Limiter(0)
    assert not any(limiter.wait(0.0) for _ in range(10_000))
