"""Single flight within a process: who came before it began takes what it brings; who came later, only if that still holds."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from broadsheet.caching.flights import Flights
from broadsheet.errors import Cancelled, SourceUnavailable
from tests.support.waiting import until

LONG = 10.0


class Work:
    """Numbers its results, and is held at each until the test lets it go on."""

    def __init__(self) -> None:
        self.begun = 0
        self._gates = [threading.Event() for _ in range(5)]

    def __call__(self) -> int:
        number = self.begun = self.begun + 1
        assert self._gates[number - 1].wait(LONG)
        return number

    def let_go(self, number: int) -> None:
        self._gates[number - 1].set()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def _asks(
    pool: ThreadPoolExecutor, flights: Flights[int], work: Callable[[], int], holds: Callable[[int], bool] = lambda _: True
) -> Future[tuple[int, bool]]:
    return pool.submit(flights.lead, "key", work, timeout_seconds=LONG, holds=holds)


def _waiting(flights: Flights[int], number: int) -> None:
    """So many wait for the flight under way."""
    flight = flights._under_way["key"]
    until(lambda: len(flight._landed._cond._waiters) == number, within_seconds=LONG, what="those who wait")  # type: ignore[attr-defined]


def test_of_all_who_ask_one_computes(pool: ThreadPoolExecutor) -> None:
    flights, work = Flights[int](), Work()
    leader = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    others = [_asks(pool, flights, work) for _ in range(5)]
    _waiting(flights, 5)
    work.let_go(1)
    assert leader.result() == (1, False)
    assert [other.result() for other in others] == [(1, True)] * 5


def test_who_joined_late_shares_the_next_one_when_the_answer_does_not_hold_any_more(pool: ThreadPoolExecutor) -> None:
    flights, work = Flights[int](), Work()
    leader = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    late = [_asks(pool, flights, work, holds=lambda answer: answer != 1) for _ in range(4)]
    _waiting(flights, 4)
    work.let_go(1)
    assert leader.result() == (1, False)
    until(lambda: work.begun == 2)
    _waiting(flights, 3)
    work.let_go(2)
    assert sorted(one.result() for one in late) == [(2, False), (2, True), (2, True), (2, True)]
    assert work.begun == 2


def test_what_began_after_they_asked_is_taken_without_a_doubt(pool: ThreadPoolExecutor) -> None:
    """Else a key that changes all the time would never give an answer."""
    flights, work = Flights[int](), Work()
    leader = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    late = [_asks(pool, flights, work, holds=lambda _: False) for _ in range(2)]
    _waiting(flights, 2)
    work.let_go(1)
    work.let_go(2)
    work.let_go(3)
    assert leader.result() == (1, False)
    assert all(one.result()[0] in (2, 3) for one in late)


def test_a_failure_is_everybodys(pool: ThreadPoolExecutor) -> None:
    flights, work = Flights[int](), _Failing(SourceUnavailable())
    asking = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    other = _asks(pool, flights, work)
    _waiting(flights, 1)
    work.go_on.set()
    for one in (asking, other):
        with pytest.raises(SourceUnavailable):
            one.result()
    assert work.begun == 1


def test_who_joins_what_was_given_up_because_all_had_gone_gets_an_answer(pool: ThreadPoolExecutor) -> None:
    flights, work = Flights[int](), _Failing(Cancelled("The query was cancelled."))
    asking = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    other = _asks(pool, flights, lambda: 2)
    _waiting(flights, 1)
    work.go_on.set()
    with pytest.raises(Cancelled):
        asking.result()
    assert other.result() == (2, False)


def test_however_many_leaders_go_who_is_left_gets_an_answer(pool: ThreadPoolExecutor) -> None:
    flights, leaving = Flights[int](), [_Failing(Cancelled("The query was cancelled.")) for _ in range(6)]
    for number, work in enumerate(leaving):
        _asks(pool, flights, work)
        if number == 0:
            until(lambda: leaving[0].begun == 1)
    other = _asks(pool, flights, lambda: 7)
    _waiting(flights, 6)
    for work in leaving:
        work.go_on.set()
    assert other.result()[0] == 7


def test_who_has_waited_too_long_computes_alone(pool: ThreadPoolExecutor) -> None:
    flights, work = Flights[int](), Work()
    leader = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    assert flights.lead("key", lambda: 7, timeout_seconds=0.01) == (7, False)
    work.let_go(1)
    assert leader.result() == (1, False)


def test_other_keys_do_not_wait(pool: ThreadPoolExecutor) -> None:
    flights, work = Flights[int](), Work()
    leader = _asks(pool, flights, work)
    until(lambda: work.begun == 1)
    assert flights.lead("another key", lambda: 7, timeout_seconds=LONG) == (7, False)
    work.let_go(1)
    leader.result()


def test_nothing_is_left_of_a_flight(pool: ThreadPoolExecutor) -> None:
    flights = Flights[int]()
    assert flights.lead("key", lambda: 1, timeout_seconds=LONG) == (1, False)
    with pytest.raises(ZeroDivisionError):
        flights.lead("key", lambda: 1 // 0, timeout_seconds=LONG)
    assert flights.lead("key", lambda: 2, timeout_seconds=LONG) == (2, False)
    assert flights._under_way == {}


class _Failing:
    """Fails when it is let go on."""

    def __init__(self, error: Exception) -> None:
        self.begun = 0
        self.go_on = threading.Event()
        self._error = error

    def __call__(self) -> int:
        self.begun += 1
        assert self.go_on.wait(LONG)
        raise self._error
