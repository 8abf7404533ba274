"""Which server is tried first."""

from broadsheet.sources.servers import Servers


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def servers(clock: Clock, replicas: str = "abc") -> Servers:
    return Servers(tuple(replicas), "primary", trial_seconds=5, clock=clock, jitter=lambda: 1.0)


def test_replicas_take_turns_and_the_primary_comes_after_them():
    these = servers(Clock())
    assert [these.in_turn() for _ in range(3)] == [[*order, "primary"] for order in ("abc", "bca", "cab")]


def test_a_source_without_replicas_is_its_primary():
    assert servers(Clock(), "").in_turn() == ["primary"]


def test_one_that_fails_rests_longer_each_time_but_not_for_ever():
    clock = Clock()
    these = servers(clock, "a")
    rests = []
    for _ in range(8):
        these.failed("a")
        began = clock.now
        while these.in_turn()[0] != "a":
            clock.now += 1
        rests.append(clock.now - began)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]


def test_one_that_rests_is_the_last_resort_not_left_out():
    these = servers(Clock(), "ab")
    these.failed("a")
    assert these.in_turn() == ["b", "primary", "a"]


def test_when_a_rest_is_over_one_caller_tries_and_the_others_do_not():
    clock = Clock()
    these = servers(clock, "a")
    these.failed("a")
    clock.now += 1
    assert [these.in_turn()[0] for _ in range(3)] == ["a", "primary", "primary"]
    clock.now += 5
    assert these.in_turn()[0] == "a", "an attempt that nobody heard of again does not count for ever"


def test_callers_who_find_out_at_the_same_time_count_as_one_failure():
    clock = Clock()
    these = servers(clock, "a")
    for _ in range(8):
        these.failed("a")
    clock.now += 1
    assert these.in_turn()[0] == "a"


def test_one_that_answers_again_takes_its_turn():
    clock = Clock()
    these = servers(clock, "a")
    these.failed("a")
    these.answered("a")
    assert these.in_turn()[0] == "a"


def test_rests_differ_so_that_processes_do_not_try_in_step():
    clock = Clock()
    soon, late = (Servers("a", "p", trial_seconds=5, clock=clock, jitter=lambda share=share: share) for share in (0.0, 1.0))
    for these in (soon, late):
        these.failed("a")
    clock.now += 0.6
    assert (soon.in_turn()[0], late.in_turn()[0]) == ("a", "p")
