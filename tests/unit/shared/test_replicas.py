"""When a replica is asked, and what it must have replayed."""

import pytest
from sqlalchemy.exc import OperationalError

from broadsheet.positions import BEGINNING, position
from broadsheet.replicas import LagWatch, Need, Rest
from tests.support.waiting import until


class _Primary:
    """A primary whose position is set by the test; ``None``: it does not answer."""

    def __init__(self) -> None:
        self.lsn: int | None = 1
        self.timeline = 1
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.lsn is None:
            raise OperationalError("select", None, Exception("away"))
        return position(self.timeline, f"0/{self.lsn:X}")


def test_what_is_needed_is_where_the_primary_was_at_most_the_bound_ago() -> None:
    primary = _Primary()
    watch = LagWatch(primary, max_lag_seconds=0.2, try_seconds=1)
    assert watch.need() == Need(position(1, "0/1"), 1)
    primary.lsn = 9
    assert watch.need() == Need(position(1, "0/1"), 1)
    until(lambda: watch.need() == Need(position(1, "0/9"), 1), what="the bound having passed")


def test_many_reads_ask_the_primary_a_few_times_per_bound() -> None:
    primary = _Primary()
    watch = LagWatch(primary, max_lag_seconds=60, try_seconds=1)
    for _ in range(1000):
        watch.need()
    assert primary.asked == 1


def test_the_timeline_is_that_of_the_newest_sample() -> None:
    primary = _Primary()
    watch = LagWatch(primary, max_lag_seconds=0.2, try_seconds=1)
    watch.need()
    primary.timeline = 2
    until(lambda: watch.need() == Need(position(2, "0/1"), 2), what="the promotion being seen")


def test_without_the_primary_nothing_can_be_shown_to_be_needed() -> None:
    primary = _Primary()
    primary.lsn = None
    watch = LagWatch(primary, max_lag_seconds=0.1, try_seconds=1)
    assert watch.need() == Need(BEGINNING, None, bounded=False)
    for _ in range(100):
        watch.need()
    assert primary.asked == 1


def test_a_primary_that_is_back_is_needed_again() -> None:
    primary = _Primary()
    primary.lsn = None
    watch = LagWatch(primary, max_lag_seconds=0.1, try_seconds=0.1)
    watch.need()
    primary.lsn = 5
    until(lambda: watch.need() == Need(position(1, "0/5"), 1), what="the bound being known again")


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rests_grow_to_a_bound_and_differ() -> None:
    clock = _Clock()
    rest = Rest(try_seconds=1, clock=clock)
    lengths = []
    for _ in range(12):
        lengths.append(rest.begin())
        clock.now += 20
    assert 0.6 <= lengths[0] <= 1.0
    assert all(9.0 <= length <= 15.0 for length in lengths[5:])
    assert len(set(lengths)) == len(lengths)


def test_many_who_fail_together_make_one_rest() -> None:
    clock = _Clock()
    rest = Rest(try_seconds=1, clock=clock)
    first = rest.begin()
    assert [rest.begin() for _ in range(7)] == [pytest.approx(first)] * 7
    clock.now += 1
    assert rest.over()


def test_a_rest_ends_with_one_try_at_a_time() -> None:
    clock = _Clock()
    rest = Rest(try_seconds=3, clock=clock)
    rest.begin()
    assert not rest.over()
    clock.now += 1
    assert [rest.over(), rest.over()] == [True, False]
    clock.now += 3
    assert rest.over()
    rest.end()
    assert [rest.over(), rest.over()] == [True, True]
