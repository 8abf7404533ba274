"""A circuit breaker over time, with a clock of the test's own."""

from broadsheet.caching.breaker import Breaker, State


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, rest_seconds=0.25, longest_seconds=5.0, clock=clock, jitter=lambda low, high: high)


def _open(breaker: Breaker) -> None:
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()


def test_a_few_failures_do_not_open_it() -> None:
    breaker = _breaker(Clock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert (breaker.state, breaker.allows(), breaker.opened) == (State.CLOSED, True, 0)


def test_three_in_a_row_open_it_and_nobody_calls() -> None:
    breaker = _breaker(Clock())
    _open(breaker)
    assert (breaker.state, breaker.allows(), breaker.opened) == (State.OPEN, False, 1)


def test_after_its_rest_one_call_at_a_time_may_try() -> None:
    clock = Clock()
    breaker = _breaker(clock)
    _open(breaker)
    clock.now += 0.25
    assert breaker.state is State.HALF_OPEN
    assert [breaker.allows() for _ in range(3)] == [True, False, False]


def test_a_try_that_never_comes_back_does_not_keep_it_open_for_ever() -> None:
    clock = Clock()
    breaker = _breaker(clock)
    _open(breaker)
    clock.now += 0.25
    assert breaker.allows()
    clock.now += 0.25
    assert breaker.allows()


def test_a_try_that_succeeds_closes_it() -> None:
    clock = Clock()
    breaker = _breaker(clock)
    _open(breaker)
    clock.now += 0.25
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.state is State.CLOSED
    assert [breaker.allows() for _ in range(3)] == [True, True, True]


def test_every_failed_try_doubles_its_rest_up_to_the_longest() -> None:
    clock = Clock()
    breaker = _breaker(clock)
    _open(breaker)
    rests = []
    for _ in range(7):
        began = clock.now
        while not breaker.allows():
            clock.now += 0.125
        rests.append(clock.now - began)
        breaker.failed()
    assert rests == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert breaker.opened == 1


def test_it_opens_again_as_easily_as_the_first_time() -> None:
    clock = Clock()
    breaker = _breaker(clock)
    _open(breaker)
    clock.now += 0.25
    breaker.succeeded()
    _open(breaker)
    assert (breaker.state, breaker.opened) == (State.OPEN, 2)
    clock.now += 0.25
    assert breaker.allows()
