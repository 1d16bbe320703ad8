"""What open pages share: read once, never waited for, and read again if a reader dies."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from conversations.sharing import LONGEST_READING, shared


def test_it_is_read_once_while_it_is_young() -> None:
    answers = iter([1, 2])
    assert [shared("key", 60, lambda: next(answers)) for _ in range(3)] == [1, 1, 1]


def test_what_is_old_is_read_by_one_and_the_others_do_not_wait() -> None:
    assert shared("key", 0, lambda: "old") == "old"
    begun, may_end, found = threading.Event(), threading.Event(), []

    def slowly() -> str:
        begun.set()
        assert may_end.wait(30)
        return "new"

    reader = threading.Thread(target=lambda: found.append(shared("key", 0, slowly)))
    reader.start()
    assert begun.wait(30)
    assert shared("key", 0, lambda: pytest.fail("read twice")) == "old"
    may_end.set()
    reader.join()
    assert found == ["new"]
    assert shared("key", 60, lambda: "newer") == "new"


def test_a_reader_that_fails_or_dies_holds_up_nobody() -> None:
    def fails() -> str:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        shared("key", 0, fails)
    assert shared("key", 0, lambda: "next") == "next"
    with time_machine.travel(timezone.now() + timedelta(seconds=LONGEST_READING + 1)):
        assert shared("key", 0, lambda: "later") == "later"
